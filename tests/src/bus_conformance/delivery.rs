//! Who hears what, in which order, and what is dropped.

use std::sync::Arc;
use std::time::Duration;

use portcullis::Subject;
use portcullis::bus::{Bus, Message, Source, SubjectPattern};

use super::{LONG, heard, message, next, publish, subject, subscribe, until};

pub(super) async fn a_subject_is_heard_as_it_is_written(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, "chat.Lobby", 8).await;
    for other in [
        "chat.lobby",
        "chat",
        "chat.Lobby.new",
        "news.Lobby",
        "chat.Lobb",
    ] {
        publish(&bus, message(other, 0)).await;
    }
    publish(&bus, message("chat.Lobby", 1)).await;
    assert_eq!(
        heard(&mut hears).await,
        "1",
        "subjects are compared as they are"
    );
}

pub(super) async fn stars_stand_for_one_token_and_rests_for_more(bus: Arc<dyn Bus>) {
    let subjects = ["a", "b", "a.b", "a.c", "b.b", "a.b.c", "a.c.c", "a.b.c.d"];
    for (pattern, expected) in [
        ("*", &["a", "b"][..]),
        ("a.*", &["a.b", "a.c"]),
        ("*.b", &["a.b", "b.b"]),
        ("a.*.c", &["a.b.c", "a.c.c"]),
        ("a.>", &["a.b", "a.c", "a.b.c", "a.c.c", "a.b.c.d"]),
        ("*.b.>", &["a.b.c", "a.b.c.d"]),
        (">", &subjects),
    ] {
        let mut hears = subscribe(&bus, pattern, 16).await;
        for one in subjects {
            publish(&bus, message(one, 0)).await;
        }
        for one in expected {
            let found = next(&mut hears).await;
            assert_eq!(found.subject, subject(one), "`{pattern}`");
        }
        // Nothing else stands before what is published last.
        let last = pattern.replace('*', "x").replace('>', "y");
        publish(&bus, message(&last, 1)).await;
        assert_eq!(heard(&mut hears).await, "1", "`{pattern}`");
    }
}

pub(super) async fn all_who_match_hear_once(bus: Arc<dyn Bus>) {
    let mut all = Vec::new();
    for pattern in ["a.b", "a.b", "a.*", ">"] {
        all.push(subscribe(&bus, pattern, 8).await);
    }
    publish(&bus, message("a.b", 1)).await;
    publish(&bus, message("a.b", 2)).await;
    for hears in &mut all {
        assert_eq!(heard(hears).await, "1");
        assert_eq!(heard(hears).await, "2", "at most once");
    }
    // Nobody hears it, which is nobody's fault.
    publish(&bus, message("b", 1)).await;
}

pub(super) async fn nothing_is_kept_for_later(bus: Arc<dyn Bus>) {
    publish(&bus, message("a", 1)).await;
    let mut late = subscribe(&bus, "a", 8).await;
    publish(&bus, message("a", 2)).await;
    assert_eq!(heard(&mut late).await, "2");
}

pub(super) async fn a_message_arrives_whole(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, ">", 8).await;
    let sent = Message {
        subject: subject("chat.Übung.1"),
        payload: format!("{{\"text\":\"{}\"}}", "ü".repeat(30_000)).into(),
        source: Source::Plugin {
            plugin: "stealth".parse().expect("an id"),
            call: "1-2".parse().expect("an id"),
        },
        about: Subject::world("w").session("s").npc("n").caller("c"),
        hops: 7,
        reply_to: Some(subject("reply.here")),
    };
    publish(&bus, sent.clone()).await;
    assert_eq!(next(&mut hears).await, sent);
}

pub(super) async fn what_one_publishes_keeps_its_order(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, "a.>", 1_000).await;
    for number in 0..500 {
        publish(&bus, message(["a.b", "a.c", "a.d.e"][number % 3], number)).await;
    }
    for number in 0..500 {
        assert_eq!(heard(&mut hears).await, number.to_string());
    }
    assert_eq!(hears.dropped(), 0);
}

pub(super) async fn the_newest_is_dropped_and_counted(bus: Arc<dyn Bus>) {
    let mut small = subscribe(&bus, "a", 3).await;
    let mut large = subscribe(&bus, "a", 16).await;
    for number in 0..8 {
        publish(&bus, message("a", number)).await;
    }
    until("five are dropped", async || small.dropped() == 5).await;
    for number in 0..3 {
        assert_eq!(
            heard(&mut small).await,
            number.to_string(),
            "the newest are dropped"
        );
    }
    for number in 0..8 {
        assert_eq!(
            heard(&mut large).await,
            number.to_string(),
            "for the full one alone"
        );
    }
    assert_eq!(large.dropped(), 0);
    publish(&bus, message("a", 8)).await;
    assert_eq!(heard(&mut small).await, "8", "there is room again");
    assert_eq!(small.dropped(), 5);
}

pub(super) async fn any_capacity_holds_at_least_one(bus: Arc<dyn Bus>) {
    for capacity in [0, 1, usize::MAX] {
        let mut hears = subscribe(&bus, "a", capacity).await;
        publish(&bus, message("a", 1)).await;
        assert_eq!(heard(&mut hears).await, "1", "{capacity}");
    }
}

pub(super) async fn a_slow_subscriber_slows_nobody(bus: Arc<dyn Bus>) {
    let slow = subscribe(&bus, "a", 1).await;
    let mut fast = subscribe(&bus, "a", 2_000).await;
    for number in 0..1_000 {
        publish(&bus, message("a", number)).await;
    }
    for number in 0..1_000 {
        assert_eq!(heard(&mut fast).await, number.to_string());
    }
    until("999 are dropped", async || slow.dropped() == 999).await;
}

pub(super) async fn waiting_may_be_given_up(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, "a", 100).await;
    let publisher = async {
        for number in 0..100 {
            publish(&bus, message("a", number)).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let listener = async {
        let mut heard = Vec::new();
        let mut given_up = 0;
        while heard.len() < 100 {
            match tokio::time::timeout(Duration::from_micros(300), hears.next()).await {
                Ok(next) => heard.push(next.expect("a message").payload.to_string()),
                Err(_) => given_up += 1,
            }
        }
        (heard, given_up)
    };
    let both = async { tokio::join!(publisher, listener).1 };
    let (heard, given_up) = tokio::time::timeout(LONG, both).await.expect("in time");
    let expected: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(heard, expected, "given up {given_up} times");
}

pub(super) async fn reserved_subjects_are_not_heard(bus: Arc<dyn Bus>) {
    let mut all = Vec::new();
    for pattern in [">", "*.*", "_INBOX.>", "_own.*"] {
        let pattern = SubjectPattern::new(pattern).expect("a pattern");
        // A bus may refuse what nobody could hear.
        if let Ok(subscription) = bus.subscribe(pattern, 64).await {
            all.push(subscription);
        }
    }
    let mut answers = subscribe(&bus, "ask.it", 8).await;
    let answering = async {
        let asked = next(&mut answers).await;
        let inbox = asked.reply_to.expect("an inbox");
        assert!(inbox.is_reserved(), "{inbox}");
        publish(&bus, message(inbox.as_str(), "\"reply\"")).await;
    };
    let asking = bus.request(message("ask.it", 0), LONG);
    let (_, reply) = tokio::join!(answering, asking);
    assert_eq!(&*reply.expect("a reply").payload, "\"reply\"");
    publish(&bus, message("_own.subject", 0)).await;
    publish(&bus, message("the.end", 0)).await;
    for (place, hears) in all.iter_mut().enumerate() {
        // The first two hear what is not reserved.
        let expected = [&["ask.it", "the.end"][..], &["ask.it", "the.end"], &[], &[]][place];
        for one in expected {
            assert_eq!(next(hears).await.subject, subject(one));
        }
        let more = tokio::time::timeout(Duration::from_millis(50), hears.next()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

pub(super) async fn a_subscription_ends_with_its_bus(bus: Arc<dyn Bus>) {
    let mut hears = subscribe(&bus, "a", 8).await;
    drop(bus);
    let end = tokio::time::timeout(LONG, hears.next()).await;
    assert_eq!(end.expect("in time"), None);
}
