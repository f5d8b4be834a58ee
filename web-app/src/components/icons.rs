//! Icons: 20 x 20, drawn in the text's colour.

use leptos::prelude::*;

fn icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d=path/>
        </svg>
    }
}

pub fn play() -> impl IntoView {
    icon("M6 4.2v11.6c0 .5.5.8 1 .5l9-5.8c.4-.2.4-.8 0-1l-9-5.8c-.5-.3-1 0-1 .5z")
}

pub fn pause() -> impl IntoView {
    icon("M5.5 4h3v12h-3zM11.5 4h3v12h-3z")
}

pub fn frame_back() -> impl IntoView {
    icon("M13.5 4.5v11L6.8 10zM4.2 4.5h2v11h-2z")
}

pub fn frame_on() -> impl IntoView {
    icon("M6.500 4.500v11l6.700-5.500zM13.800 4.500h2v11h-2z")
}

pub fn sound() -> impl IntoView {
    icon(
        "M3 7.500h3l4-3.500v12l-4-3.500H3zM12.500 6.300c2.600 1.500 2.600 5.900 0 7.400v-1.700c1.200-1.100 1.200-2.900 0-4zM12.500 3.700c5.400 2 5.400 10.600 0 12.600v-1.600c3.400-1.900 3.400-7.500 0-9.400z",
    )
}

pub fn silence() -> impl IntoView {
    icon(
        "M3 7.500h3l4-3.500v12l-4-3.500H3zM12.200 8.300l1.100-1.100 1.700 1.700 1.700-1.700 1.100 1.100-1.700 1.700 1.700 1.700-1.100 1.100-1.700-1.700-1.700 1.700-1.100-1.100 1.700-1.700z",
    )
}

pub fn plus() -> impl IntoView {
    icon("M9.100 4.500h1.800v4.600h4.600v1.800h-4.600v4.600H9.100v-4.600H4.500V9.100h4.600z")
}

pub fn minus() -> impl IntoView {
    icon("M4.500 9.100h11v1.800h-11z")
}

pub fn fit() -> impl IntoView {
    icon(
        "M3 4h1.600v12H3zM15.400 4H17v12h-1.600zM8.300 6.900 6.400 9.200h7.200l-1.900-2.300 1.200-1 3.300 4.100-3.300 4.100-1.200-1 1.900-2.300H6.400l1.900 2.300-1.200 1L3.800 10l3.300-4.100z",
    )
}

pub fn close() -> impl IntoView {
    icon(
        "M5.700 4.600 10 8.900l4.300-4.300 1.100 1.100L11.100 10l4.300 4.300-1.100 1.100L10 11.100l-4.300 4.300-1.100-1.100L8.900 10 4.600 5.700z",
    )
}

pub fn bell() -> impl IntoView {
    icon(
        "M10 2.500c.7 0 1.200.5 1.200 1.100 2 .5 3.300 2.300 3.300 4.400v3.500l1.500 2v1H4v-1l1.500-2V8c0-2.100 1.300-3.900 3.300-4.400 0-.6.5-1.100 1.200-1.100zM8.200 15.500h3.600a1.800 1.800 0 0 1-3.600 0z",
    )
}

pub fn lock() -> impl IntoView {
    icon("M6 8V6.500a4 4 0 0 1 8 0V8h1v8.500H5V8zm1.700 0h4.600V6.500a2.300 2.300 0 0 0-4.600 0z")
}

pub fn open() -> impl IntoView {
    icon("M2.500 4.500h5l1.700 2h8.300v9.500h-15zm1.600 3.600v6.300h11.800V8.100z")
}

pub fn kept() -> impl IntoView {
    icon("M3 4h14v4H3zm1 5h12v7.500H4zm3.500 1.700v1.700h5v-1.700z")
}

pub fn webcam() -> impl IntoView {
    icon("M2.500 5.500h10v9h-10zm11.500 3 3.500-2.500v8L14 11.500z")
}
