use std::path::Path;

use portcullis::write_set::Relationship;

use super::*;

/// A number below `end`, from a sequence that is the same each time (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Proves C16: whatever was done, in whatever order, with restarts in between, the history gives what is stored.
#[tokio::test]
async fn any_history_can_be_replayed() {
    for seed in 1..=4 {
        let (hand, directory) = (Hand::default(), tempfile::tempdir().unwrap());
        let path = directory.path().join("x.db");
        let mut dice = Dice(seed);
        let mut store = Store::open(&path, hand.options()).unwrap();
        fill(&store).await;
        for step in 0..300 {
            hand.pass(dice.roll(50));
            if dice.roll(3) == 0 {
                let (what, number) = (dice.roll(9), dice.roll(5));
                let done = store.transact("edit", move |tx| host(tx, what, number, step));
                done.await.unwrap();
            } else {
                let writes =
                    (0..=dice.roll(3)).map(|_| call(&mut dice, hand.0.load(Ordering::Relaxed)));
                // Some cannot be made; then none of them is.
                let _done = commit(&store, &[], writes.collect()).await;
            }
            if dice.roll(20) == 0 {
                store.sweep().await;
            }
            if dice.roll(60) == 0 {
                store = reopened(store, &path, &hand).await;
            }
        }
        let report = assert_sound(&reopened(store, &path, &hand).await).await;
        assert!(report.is_complete());
    }
}

async fn reopened(store: Store, path: &Path, hand: &Hand) -> Store {
    let before = (state(&store), store.revision());
    drop(store);
    let store = Store::open(path, hand.options()).unwrap();
    // Expired keys may have been swept.
    assert_eq!(state(&store), before.0);
    assert!(store.revision() >= before.1);
    assert_sound(&store).await;
    store
}

fn host(tx: &mut Transaction<'_>, what: u64, number: u64, step: u64) -> Result<(), Infallible> {
    let id = format!("x{number}");
    let _there = match what {
        0 => tx.put_npc("a", &id, NpcDocument::default()),
        1 => tx.edit_npc("a", &id, |npc| npc.meta.name = format!("step {step}")),
        2 => tx.remove_npc("a", &id),
        3 => tx.remove_world("b"),
        4 => {
            worlds().into_iter().for_each(|world| tx.put_world(world));
            true
        }
        5 => tx.edit_session("a", "s", |session| session.flags.clear()),
        6 => tx.edit_world("b", |world| world.meta.hour = step),
        7 => tx.delete_kv(&plugin("p1"), &id),
        _ => tx.remove_session("a", "s") && tx.put_session("a", "s", SessionDocument::default()),
    };
    Ok(())
}

fn call(dice: &mut Dice, now_ms: u64) -> Write {
    let id = format!("x{}", dice.roll(5));
    let value = json!({"roll": dice.roll(100) as f64 / 7.0});
    let npc = || npc("a", &id);
    match dice.roll(10) {
        0 => set_flag(&id, value),
        1 => write(
            session("a", "s"),
            Change::ClearFlag {
                namespace: plugin("p1"),
                key: id,
            },
        ),
        2 => {
            let change = Relationship {
                trust: 30,
                affinity: -7,
                intimacy: 1,
            };
            write(
                session("a", "s"),
                Change::UpdateRelationship {
                    npc: "n".to_owned(),
                    change,
                },
            )
        }
        3 => put_kv(&id, value, None),
        4 => put_kv(&id, value, Some(now_ms + dice.roll(200))),
        5 => write(key("p1", &id), Change::DeleteKv),
        6 => write(
            npc(),
            Change::SetAttribute {
                key: "roll".to_owned(),
                value,
            },
        ),
        7 => write(
            npc(),
            Change::AddTag {
                tag: format!("t{}", dice.roll(4)),
            },
        ),
        8 => write(
            npc(),
            Change::RemoveTag {
                tag: format!("t{}", dice.roll(4)),
            },
        ),
        _ => write(
            npc(),
            Change::MoveNpc {
                location: "gate".to_owned(),
            },
        ),
    }
}
