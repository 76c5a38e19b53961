//! Worlds come into a store.

use std::convert::Infallible;

use portcullis_state::{Store, TransactError, World};

/// Puts those worlds into a store that it does not have, all of them or none. A world that it has goes on as it stands.
/// Gives the number of those that were put.
///
/// # Errors
/// The store cannot take them.
pub async fn import(
    store: &Store,
    worlds: impl IntoIterator<Item = World>,
) -> Result<usize, TransactError<Infallible>> {
    let worlds: Vec<World> = worlds.into_iter().collect();
    let put = move |transaction: &mut portcullis_state::Transaction<'_>| {
        let mut put = 0;
        for world in worlds {
            if transaction.world(&world.id).is_none() {
                transaction.put_world(world);
                put += 1;
            }
        }
        Ok(put)
    };
    store.transact("import", put).await
}
