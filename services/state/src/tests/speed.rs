use std::time::Instant;

use super::*;

/// Not a proof: `cargo test -p portcullis-state speed -- --ignored --nocapture` says how long things take on this machine.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures"]
async fn how_long_things_take() {
    let directory = tempfile::tempdir().unwrap();
    for durability in [Durability::Process, Durability::Power] {
        let path = directory.path().join(format!("{durability:?}.db"));
        let options = Options {
            durability,
            ..Options::default()
        };
        let store = Store::open(&path, options).unwrap();
        fill(&store).await;
        let crowd = |tx: &mut Transaction<'_>| {
            for number in 0..1_000 {
                let npc = worlds()[0].npcs["n"].value.clone();
                tx.put_npc("a", &format!("npc-{number}"), npc);
            }
            Ok::<_, Infallible>(())
        };
        store.transact("import", crowd).await.unwrap();
        let begin = Instant::now();
        for number in 0..500 {
            commit(&store, &[], vec![set_flag("k", json!(number))])
                .await
                .unwrap();
        }
        println!("{durability:?}: a commit alone {:?}", begin.elapsed() / 500);
        let begin = Instant::now();
        let tasks: Vec<_> = (0..16)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    for number in 0..100 {
                        let writes = vec![put_kv(&format!("k{task}"), json!(number), None)];
                        commit(&store, &[], writes).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        println!(
            "{durability:?}: a commit of 16 tasks at once {:?}",
            begin.elapsed() / 1_600
        );
        let begin = Instant::now();
        for hour in 0..10 {
            let tick = move |tx: &mut Transaction<'_>| {
                for number in 0..1_000 {
                    tx.edit_npc("a", &format!("npc-{number}"), |npc| {
                        npc.meta.activity = format!("walk {hour}");
                    });
                }
                Ok::<_, Infallible>(())
            };
            store.transact("tick", tick).await.unwrap();
        }
        println!(
            "{durability:?}: 1,000 NPCs in one change {:?}",
            begin.elapsed() / 10
        );
        let begin = Instant::now();
        assert_sound(&store).await;
        println!("{durability:?}: a check {:?}", begin.elapsed());
        drop(store);
        let begin = Instant::now();
        drop(Store::open(&path, Options::default()).unwrap());
        println!("{durability:?}: opening and closing {:?}", begin.elapsed());
    }
}
