# The program with ffmpeg and the shipped models, for the processor:
#   docker build -t mien . && docker run --rm -v "$PWD:/work" -w /work mien analyze talk.mp4 --model /models/demo.safetensors --out results
FROM rust:1.95-bookworm AS build
WORKDIR /mien
COPY . .
RUN cargo build --release --package native-train

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/*
COPY --from=build /mien/target/release/mien /usr/local/bin/mien
COPY --from=build /mien/www/models /models
ENTRYPOINT ["mien"]
