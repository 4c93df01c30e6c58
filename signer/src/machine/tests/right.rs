//! The right to sign tree heads: given up for good, taken over with what the old signer signed last.

use super::*;
use crate::machine::Released;
use ct::term::RunId;

fn wanted(to: u64, run: u8) -> Released {
    Released { term: Term::new(to).unwrap(), run: RunId::new([run; 16]) }
}

fn release(machine: &mut Machine, wanted: Released) -> Result<Option<TreeHead>, Refusal> {
    let mut fx = Effects::new();
    machine.step(NOW, Event::Release(7, wanted), &mut fx);
    match fx.acts.pop() {
        Some(Act::Release(7, same, last)) if same == wanted => Ok(last),
        Some(Act::Refuse(7, refusal)) => Err(refusal),
        other => panic!("{other:?}"),
    }
}

/// V4. What was given up is given up: for this term and every earlier one, through a restart, whoever endorses.
#[test]
fn a_released_signer_signs_no_head_of_that_term_or_an_earlier_one() {
    let mut machine = at_five();
    let last = release(&mut machine, wanted(2, 2)).unwrap();
    assert_eq!(last, Some(head_of(5, 10).0), "with its last word");
    assert_eq!(release(&mut machine, wanted(2, 2)).unwrap(), last, "the same run is answered the same again");
    assert_eq!(release(&mut machine, wanted(2, 3)), Err(Refusal::Stopped { term: Term::new(2).unwrap() }));
    let again = refused(&mut machine, Ask::new(5, 8, 20));
    assert_eq!(again, Refusal::Stopped { term: Term::new(2).unwrap() });
    assert!(release(&mut machine, wanted(3, 3)).is_ok(), "a later run goes further");
    let far = release(&mut machine, wanted(2 + (1 << 20), 4)).unwrap_err();
    assert_eq!(reason(far), "term: 1048578 is more than 2^20 above 1");
    assert!(matches!(release(&mut machine, wanted(1, 5)), Err(Refusal::TermOver { .. })));
}

#[test]
fn a_release_is_durable_before_it_is_answered() {
    let mut machine = at_five();
    let mut fx = Effects::new();
    machine.step(NOW, Event::Release(7, wanted(2, 2)), &mut fx);
    assert_eq!(fx.writes, [Write::Released(wanted(2, 2))]);
    assert_eq!(machine.released(), Some(wanted(2, 2)));
}
