//! What people are called, and who is left out.

use leptos::prelude::*;

use crate::state::store::Store;
use crate::strings;

/// What a person is called; tracks changes.
#[must_use]
pub fn name(store: Store, person: u32) -> String {
    store.review_revision.track();
    store.desk.with_value(|desk| {
        let people = desk.review.document().people();
        people
            .name(person)
            .map_or_else(|| strings::face(person), str::to_owned)
    })
}

/// The people who are left out; tracks changes.
#[must_use]
pub fn ignored(store: Store) -> Vec<u32> {
    store.review_revision.track();
    store
        .desk
        .with_value(|desk| desk.review.document().people().ignored().collect())
}
