#![allow(clippy::unwrap_used)]

use super::*;

const ROOM: CapabilityDescriptor = CapabilityDescriptor {
    id: "log",
    summary: "",
    wit: "",
    gates: &[Gate {
        interface: "portcullis:plugin/log",
        version: "0.1.0",
        permission: Some("log:emit"),
    }],
    scope: RawParser::of::<Option<bool>>(),
};

/// Proves P1: the whole set is data, without a duplicate.
#[test]
fn every_permission_stands_once() {
    let catalogue = Catalogue::new();
    assert_eq!(catalogue.permissions().count(), PERMISSIONS.len());
    for permission in PERMISSIONS {
        let (area, verb) = permission.id.split_once(':').unwrap();
        assert!(!area.is_empty() && !verb.is_empty() && !permission.consent.is_empty());
    }
}

/// Proves P4: what is dangerous takes a switch of the host, and nothing else does.
#[test]
fn dangerous_permissions_take_a_switch() {
    let dangerous: Vec<_> = PERMISSIONS
        .iter()
        .filter(|permission| permission.danger.is_some())
        .map(|permission| permission.id)
        .collect();
    assert_eq!(dangerous, ["admin:routes", "db:write", "secret:read"]);
    for permission in PERMISSIONS {
        assert_eq!(
            permission.host_switch,
            permission.danger.is_some(),
            "{}",
            permission.id
        );
    }
}

/// Proves P2: groups stand for known permissions.
#[test]
fn groups_name_known_permissions() {
    let catalogue = Catalogue::new();
    for group in GROUPS {
        for member in group.members {
            assert!(
                catalogue.find_permission(member).is_some(),
                "{}: {member}",
                group.id
            );
        }
    }
}

#[test]
fn a_room_that_does_not_fit_is_named() {
    let mut catalogue = Catalogue::new();
    catalogue.capability(ROOM).unwrap();
    assert_eq!(
        catalogue.capability(ROOM).unwrap_err(),
        CatalogueError::DuplicateId {
            kind: "capabilities",
            id: "log"
        }
    );
    let twin = CapabilityDescriptor { id: "twin", ..ROOM };
    assert!(matches!(
        catalogue.capability(twin),
        Err(CatalogueError::DuplicateInterface { .. })
    ));
    let stranger = CapabilityDescriptor {
        id: "stranger",
        gates: &[Gate {
            interface: "a:b/c",
            version: "0.1.0",
            permission: Some("no:such"),
        }],
        ..ROOM
    };
    assert!(matches!(
        catalogue.capability(stranger),
        Err(CatalogueError::UnknownPermission { .. })
    ));
    let vague = CapabilityDescriptor {
        id: "vague",
        gates: &[Gate {
            interface: "a:b/d",
            version: "1",
            permission: None,
        }],
        ..ROOM
    };
    assert!(matches!(
        catalogue.capability(vague),
        Err(CatalogueError::BadVersion { .. })
    ));
}
