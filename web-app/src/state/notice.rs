//! Things said to the person that do not stop the page.

pub use page_view::notices::{Notice, NoticeBoard, Offer, Tone};
