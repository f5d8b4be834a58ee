// Model files taken apart and put together wrongly, each in one way.

/** Header (an object) and data of a safetensors file. */
export function parseSafetensors(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  return { header: JSON.parse(bytes.subarray(8, 8 + length).toString("utf8")), data: bytes.subarray(8 + length) };
}

/** The bytes of a file with this header and data. */
export function safetensorsBytes({ header, data }) {
  let json = Buffer.from(JSON.stringify(header));
  // The format wants the data to begin at a multiple of 8.
  json = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, " ")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** Each way of damage: the file's name, its bytes, and what the message must say. */
export function damagedModels(good) {
  const change = (edit) => {
    const { header, data } = parseSafetensors(good);
    const file = { header: structuredClone(header), data: Buffer.from(data) };
    edit(file);
    return safetensorsBytes(file);
  };
  const nameOf = (header, ending) => Object.keys(header).find((name) => name.endsWith(ending));
  return [
    ["cut-short.safetensors", good.subarray(0, Math.floor(good.length / 2)), /cut short|truncated|not complete|incomplete/i],
    ["half-a-header.safetensors", good.subarray(0, 100), /cut short|truncated|not complete|incomplete/i],
    ["empty.safetensors", Buffer.alloc(0), /cut short|empty|not .*complete/i],
    ["letter.safetensors", Buffer.from("Dear model,\nthis is a letter and no model.\n"), /another kind|not .*safetensors/i],
    ["version-7.safetensors", change(({ header }) => (header.__metadata__.format_version = "7")), /version 7.*version 1/is],
    [
      "other-classes.safetensors",
      change(({ header }) => (header.__metadata__.classes = '["cat","dog"]')),
      /cat, dog.*Neutral, Anger/is,
    ],
    ["no-metadata.safetensors", change(({ header }) => delete header.__metadata__), /metadata/i],
    [
      "wrong-shape.safetensors",
      change(({ header }) => header[nameOf(header, "backbone.fc.weight")].shape.reverse()),
      /fc\.weight.*shape.*expected/is,
    ],
    [
      "missing-tensor.safetensors",
      change(({ header }) => {
        const name = nameOf(header, "layer1.0.conv1.weight");
        header["backbone.layer1.0.conv9.weight"] = header[name];
        delete header[name];
      }),
      /layer1\.0\.conv[19]\.weight/,
    ],
    [
      "not-a-number.safetensors",
      change(({ header, data }) => {
        const [start] = header["backbone.conv1.weight"].data_offsets;
        const isHalf = header["backbone.conv1.weight"].dtype === "F16";
        if (isHalf) data.writeUInt16LE(0x7e00, start);
        else data.writeFloatLE(NaN, start);
      }),
      /conv1\.weight.*(NaN|infinite)/is,
    ],
    [
      "absurd-size.safetensors",
      change(({ header }) => (header.__metadata__.backbone = '{"blocks":[1,1,1,99999999],"width":8}')),
      /backbone/,
    ],
  ].map(([name, bytes, says]) => ({ name, bytes, says }));
}
