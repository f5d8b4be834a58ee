//! The 52 face units of ARKit, and the action units of FACS in terms of them.

use serde::Serialize;

/// Weight of each face unit, 0 (rest) to 1 (as far as it goes), in [`FaceUnit::ALL`]'s order.
pub type UnitWeights = [f32; FaceUnit::ALL.len()];

macro_rules! face_units {
    ($($unit:ident = $name:literal),+ $(,)?) => {
        /// A face unit of ARKit's `ARFaceAnchor.BlendShapeLocation`; left and right are the person's own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[repr(usize)]
        pub enum FaceUnit { $(#[doc = $name] $unit),+ }

        impl FaceUnit {
            /// All units in alphabetical order.
            pub const ALL: [Self; 52] = [$(Self::$unit),+];

            /// ARKit's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$unit => $name),+ }
            }
        }
    };
}

face_units! {
    BrowDownLeft = "browDownLeft", BrowDownRight = "browDownRight", BrowInnerUp = "browInnerUp",
    BrowOuterUpLeft = "browOuterUpLeft", BrowOuterUpRight = "browOuterUpRight", CheekPuff = "cheekPuff",
    CheekSquintLeft = "cheekSquintLeft", CheekSquintRight = "cheekSquintRight",
    EyeBlinkLeft = "eyeBlinkLeft", EyeBlinkRight = "eyeBlinkRight",
    EyeLookDownLeft = "eyeLookDownLeft", EyeLookDownRight = "eyeLookDownRight",
    EyeLookInLeft = "eyeLookInLeft", EyeLookInRight = "eyeLookInRight",
    EyeLookOutLeft = "eyeLookOutLeft", EyeLookOutRight = "eyeLookOutRight",
    EyeLookUpLeft = "eyeLookUpLeft", EyeLookUpRight = "eyeLookUpRight",
    EyeSquintLeft = "eyeSquintLeft", EyeSquintRight = "eyeSquintRight",
    EyeWideLeft = "eyeWideLeft", EyeWideRight = "eyeWideRight",
    JawForward = "jawForward", JawLeft = "jawLeft", JawOpen = "jawOpen", JawRight = "jawRight",
    MouthClose = "mouthClose", MouthDimpleLeft = "mouthDimpleLeft", MouthDimpleRight = "mouthDimpleRight",
    MouthFrownLeft = "mouthFrownLeft", MouthFrownRight = "mouthFrownRight", MouthFunnel = "mouthFunnel",
    MouthLeft = "mouthLeft", MouthLowerDownLeft = "mouthLowerDownLeft",
    MouthLowerDownRight = "mouthLowerDownRight", MouthPressLeft = "mouthPressLeft",
    MouthPressRight = "mouthPressRight", MouthPucker = "mouthPucker", MouthRight = "mouthRight",
    MouthRollLower = "mouthRollLower", MouthRollUpper = "mouthRollUpper",
    MouthShrugLower = "mouthShrugLower", MouthShrugUpper = "mouthShrugUpper",
    MouthSmileLeft = "mouthSmileLeft", MouthSmileRight = "mouthSmileRight",
    MouthStretchLeft = "mouthStretchLeft", MouthStretchRight = "mouthStretchRight",
    MouthUpperUpLeft = "mouthUpperUpLeft", MouthUpperUpRight = "mouthUpperUpRight",
    NoseSneerLeft = "noseSneerLeft", NoseSneerRight = "noseSneerRight", TongueOut = "tongueOut",
}

/// An action unit of the Facial Action Coding System (Ekman, Friesen and Hager 2002).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum ActionUnit {
    /// AU1, inner brow raiser
    InnerBrowRaiser,
    /// AU2, outer brow raiser
    OuterBrowRaiser,
    /// AU4, brow lowerer
    BrowLowerer,
    /// AU5, upper lid raiser
    UpperLidRaiser,
    /// AU6, cheek raiser
    CheekRaiser,
    /// AU7, lid tightener
    LidTightener,
    /// AU9, nose wrinkler
    NoseWrinkler,
    /// AU10, upper lip raiser
    UpperLipRaiser,
    /// AU12, lip corner puller
    LipCornerPuller,
    /// AU14, dimpler
    Dimpler,
    /// AU15, lip corner depressor
    LipCornerDepressor,
    /// AU16, lower lip depressor
    LowerLipDepressor,
    /// AU17, chin raiser
    ChinRaiser,
    /// AU18, lip pucker
    LipPucker,
    /// AU20, lip stretcher
    LipStretcher,
    /// AU22, lip funneler
    LipFunneler,
    /// AU23, lip tightener
    LipTightener,
    /// AU24, lip pressor
    LipPressor,
    /// AU25, lips part
    LipsPart,
    /// AU26, jaw drop
    JawDrop,
    /// AU27, mouth stretch
    MouthStretch,
    /// AU28, lip suck
    LipSuck,
    /// AU34, cheek puff
    CheekPuff,
    /// AU43, eyes closed
    EyesClosed,
}

impl ActionUnit {
    /// Number of action units here.
    pub const COUNT: usize = Self::EyesClosed as usize + 1;

    /// All of them, by number.
    pub const ALL: [Self; Self::COUNT] = [
        Self::InnerBrowRaiser,
        Self::OuterBrowRaiser,
        Self::BrowLowerer,
        Self::UpperLidRaiser,
        Self::CheekRaiser,
        Self::LidTightener,
        Self::NoseWrinkler,
        Self::UpperLipRaiser,
        Self::LipCornerPuller,
        Self::Dimpler,
        Self::LipCornerDepressor,
        Self::LowerLipDepressor,
        Self::ChinRaiser,
        Self::LipPucker,
        Self::LipStretcher,
        Self::LipFunneler,
        Self::LipTightener,
        Self::LipPressor,
        Self::LipsPart,
        Self::JawDrop,
        Self::MouthStretch,
        Self::LipSuck,
        Self::CheekPuff,
        Self::EyesClosed,
    ];

    /// The face units of a full contraction, each with its weight.
    #[must_use]
    pub const fn face_units(self) -> &'static [(FaceUnit, f32)] {
        use FaceUnit as U;
        match self {
            Self::InnerBrowRaiser => &[(U::BrowInnerUp, 1.0)],
            Self::OuterBrowRaiser => &[(U::BrowOuterUpLeft, 1.0), (U::BrowOuterUpRight, 1.0)],
            Self::BrowLowerer => &[(U::BrowDownLeft, 1.0), (U::BrowDownRight, 1.0)],
            Self::UpperLidRaiser => &[(U::EyeWideLeft, 1.0), (U::EyeWideRight, 1.0)],
            Self::CheekRaiser => &[
                (U::CheekSquintLeft, 0.8),
                (U::CheekSquintRight, 0.8),
                (U::EyeSquintLeft, 0.4),
                (U::EyeSquintRight, 0.4),
            ],
            Self::LidTightener => &[(U::EyeSquintLeft, 1.0), (U::EyeSquintRight, 1.0)],
            Self::NoseWrinkler => &[(U::NoseSneerLeft, 1.0), (U::NoseSneerRight, 1.0)],
            Self::UpperLipRaiser => &[(U::MouthUpperUpLeft, 1.0), (U::MouthUpperUpRight, 1.0)],
            Self::LipCornerPuller => &[(U::MouthSmileLeft, 1.0), (U::MouthSmileRight, 1.0)],
            Self::Dimpler => &[(U::MouthDimpleLeft, 1.0), (U::MouthDimpleRight, 1.0)],
            Self::LipCornerDepressor => &[(U::MouthFrownLeft, 1.0), (U::MouthFrownRight, 1.0)],
            Self::LowerLipDepressor => &[(U::MouthLowerDownLeft, 1.0), (U::MouthLowerDownRight, 1.0)],
            Self::ChinRaiser => &[(U::MouthShrugLower, 1.0), (U::MouthShrugUpper, 0.4)],
            Self::LipPucker => &[(U::MouthPucker, 1.0)],
            Self::LipStretcher => &[(U::MouthStretchLeft, 1.0), (U::MouthStretchRight, 1.0)],
            Self::LipFunneler => &[(U::MouthFunnel, 1.0)],
            Self::LipTightener => &[
                (U::MouthPressLeft, 0.7),
                (U::MouthPressRight, 0.7),
                (U::MouthRollLower, 0.3),
                (U::MouthRollUpper, 0.3),
            ],
            Self::LipPressor => &[
                (U::MouthPressLeft, 1.0),
                (U::MouthPressRight, 1.0),
                (U::MouthShrugLower, 0.3),
            ],
            Self::LipsPart => &[
                (U::JawOpen, 0.10),
                (U::MouthLowerDownLeft, 0.35),
                (U::MouthLowerDownRight, 0.35),
                (U::MouthUpperUpLeft, 0.2),
                (U::MouthUpperUpRight, 0.2),
            ],
            Self::JawDrop => &[(U::JawOpen, 0.45)],
            Self::MouthStretch => &[(U::JawOpen, 0.95)],
            Self::LipSuck => &[(U::MouthRollLower, 1.0), (U::MouthRollUpper, 0.8)],
            Self::CheekPuff => &[(U::CheekPuff, 1.0)],
            Self::EyesClosed => &[(U::EyeBlinkLeft, 1.0), (U::EyeBlinkRight, 1.0)],
        }
    }
}

/// Whether a unit moves the person's left side only (+1), the right only (-1), or both (0).
#[must_use]
pub fn side(unit: FaceUnit) -> f32 {
    let name = unit.name();
    if name.ends_with("Left") {
        1.0
    } else if name.ends_with("Right") {
        -1.0
    } else {
        0.0
    }
}
