//! Joining, failing, forgetting.

use super::*;

fn identity(number: u8) -> Identity {
    Identity::new([number; 32])
}

fn promised(number: u8) -> Promised {
    let sct = DigitallySigned::ecdsa(vec![number; 8]).unwrap();
    Promised { name: Name::new([number; 32]), timestamp: Timestamp::from_millis(1), sct }
}

fn begun(known: &Known, number: u8) -> Flight {
    match known.begin(identity(number)) {
        Found::Nothing(flight) => flight,
        found => panic!("{found:?}"),
    }
}

#[tokio::test]
async fn whoever_comes_while_a_promise_is_under_way_gets_what_the_first_gets() {
    let known = Known::default();
    let flight = begun(&known, 1);
    let first = flight.waiting();
    let Found::UnderWay(second) = known.begin(identity(1)) else { panic!("it is under way") };
    flight.made(promised(1));
    for waiting in [first, second] {
        assert_eq!(*wait(waiting).await.unwrap(), promised(1));
    }
    let Some(Found::Made(later)) = known.look(&identity(1)) else { panic!("it is remembered") };
    assert_eq!(*later, promised(1));
    assert!(known.look(&identity(2)).is_none());
}

#[tokio::test]
async fn a_promise_that_failed_does_not_stand_in_the_way_of_the_next() {
    let known = Known::default();
    for broken_off in [false, true] {
        let flight = begun(&known, 1);
        let waiting = flight.waiting();
        if broken_off {
            drop(flight);
            assert_eq!(wait(waiting).await, Err(Unpromised::BrokeOff));
        } else {
            flight.failed(Unpromised::TooLong);
            assert_eq!(wait(waiting).await, Err(Unpromised::TooLong));
        }
        assert!(known.look(&identity(1)).is_none());
    }
    begun(&known, 1).made(promised(1));
}

#[test]
fn what_is_in_the_tree_is_forgotten_and_nothing_else() {
    let known = Known::default();
    begun(&known, 1).made(promised(1));
    let under_way = begun(&known, 2);
    let placed = |name: u8, number: u8| BTreeMap::from([(Name::new([name; 32]), identity(number))]);
    // Another entry of the same certificate came into the tree; and one whose promise is still under way.
    known.placed(&placed(9, 1));
    known.placed(&placed(2, 2));
    assert_eq!(known.made(), 1);
    assert!(matches!(known.look(&identity(2)), Some(Found::UnderWay(_))));
    known.placed(&placed(1, 1));
    assert!(known.look(&identity(1)).is_none());
    drop(under_way);
    assert_eq!(known.made(), 0);
}

#[test]
fn promises_under_way_are_bounded() {
    let known = Known::default();
    let number = |at: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&at.to_be_bytes());
        Identity::new(bytes)
    };
    let flights: Vec<_> = (0..MAX_IN_FLIGHT).map(|at| known.begin(number(at))).collect();
    assert!(flights.iter().all(|found| matches!(found, Found::Nothing(_))));
    assert!(matches!(known.begin(number(MAX_IN_FLIGHT)), Found::TooMany));
    assert!(matches!(known.begin(number(0)), Found::UnderWay(_)), "who joins takes no place");
    drop(flights);
    assert!(matches!(known.begin(number(MAX_IN_FLIGHT)), Found::Nothing(_)));
}

#[test]
fn the_oldest_promise_made_is_forgotten_first() {
    let known = Known::default();
    let number = |at: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&at.to_be_bytes());
        Identity::new(bytes)
    };
    for at in 0..=MAX_RECENT {
        match known.begin(number(at)) {
            Found::Nothing(flight) => flight.made(promised(1)),
            found => panic!("{found:?}"),
        }
    }
    assert_eq!(known.made(), MAX_RECENT);
    assert!(known.look(&number(0)).is_none() && known.look(&number(1)).is_some());
}
