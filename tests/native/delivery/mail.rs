//! A mail is sent at most once, whatever is lost between the Worker and the provider.

use super::{event_id, start};
use signpost::{
    delivery::mail::{LOOKUP_AFTER_MS, Step, begin, looked_up, sent},
    domain::values::time::Timestamp,
    mail::providers::SendOutcome,
    store::{
        delivery::mails::{self, MailStatus, SentMail},
        native::NativeSql,
        schema::{DESTINATION, migrate},
    },
};

const ADA: &str = "ada@example.com";

fn rows() -> NativeSql {
    let sql = NativeSql::in_memory().unwrap();
    migrate(&sql, DESTINATION).unwrap();
    sql
}

/// Begins with the mail of the first event, at a number of milliseconds after the start.
fn begin_at(sql: &NativeSql, ms: i64, can_look_up: bool) -> Step {
    begin(sql, &event_id(1), ADA, "postmark", can_look_up, at(ms)).unwrap()
}

fn at(ms: i64) -> Timestamp {
    start().plus_ms(ms)
}

fn mail(step: Step) -> SentMail {
    match step {
        Step::Send(mail) | Step::LookUp(mail) => mail,
        Step::Wait(_) | Step::Finished(_) => panic!("{step:?}"),
    }
}

fn status(sql: &NativeSql) -> Option<MailStatus> {
    mails::get(sql, &event_id(1), ADA).unwrap().map(|mail| mail.status)
}

fn reason() -> String {
    "why".to_owned()
}

#[test]
fn what_was_accepted_or_refused_is_not_sent_again() {
    for (outcome, expected) in [
        (SendOutcome::Accepted, MailStatus::Sent),
        (SendOutcome::Refused { reason: reason() }, MailStatus::Refused),
    ] {
        let sql = rows();
        let Step::Send(mail) = begin_at(&sql, 0, true) else { panic!("nothing to send") };
        assert_eq!(status(&sql), Some(MailStatus::Sending), "recorded before it is sent");
        sent(&sql, mail, &outcome).unwrap();
        assert_eq!(begin_at(&sql, 86_400_000, true), Step::Finished(expected));
        // Another person has a mail of their own, and so has another event.
        assert!(matches!(
            begin(&sql, &event_id(1), "bo@example.com", "postmark", true, start()).unwrap(),
            Step::Send(_)
        ));
        assert!(matches!(begin(&sql, &event_id(2), ADA, "postmark", true, start()).unwrap(), Step::Send(_)));
    }
}

#[test]
fn what_certainly_was_not_sent_is_sent_later() {
    let sql = rows();
    let first = mail(begin_at(&sql, 0, false));
    sent(&sql, first, &SendOutcome::NotSent { reason: reason() }).unwrap();
    assert_eq!(status(&sql), None);
    let second = mail(begin_at(&sql, 5_000, false));
    assert_eq!((second.sends, second.began_at), (1, at(5_000)));
}

#[test]
fn a_crash_while_sending_ends_in_unknown_where_the_provider_cannot_be_asked() {
    let sql = rows();
    mail(begin_at(&sql, 0, false));
    assert_eq!(begin_at(&sql, 1, false), Step::Finished(MailStatus::Unknown));
    assert_eq!(begin_at(&sql, 86_400_000, false), Step::Finished(MailStatus::Unknown));
}

#[test]
fn a_crash_while_sending_is_settled_by_asking_the_provider() {
    let sql = rows();
    mail(begin_at(&sql, 0, true));
    assert_eq!(begin_at(&sql, 1_000, true), Step::Wait(LOOKUP_AFTER_MS - 1_000));
    let asked = mail(begin_at(&sql, LOOKUP_AFTER_MS, true));
    assert_eq!(looked_up(&sql, asked, true, at(LOOKUP_AFTER_MS)).unwrap(), Step::Finished(MailStatus::Sent));
    assert_eq!(begin_at(&sql, LOOKUP_AFTER_MS, true), Step::Finished(MailStatus::Sent));
}

#[test]
fn what_the_provider_lacks_twice_is_sent_once_more_and_never_a_third_time() {
    let sql = rows();
    let asked = mail(begin_at(&sql, 0, true));
    sent(&sql, asked, &SendOutcome::Unknown { reason: reason() }).unwrap();
    let mut now = LOOKUP_AFTER_MS;
    for sends in [1, 2] {
        // The provider's list may lag behind, so it is asked twice, a minute apart.
        let Step::LookUp(asked) = begin_at(&sql, now, true) else { panic!("not asked") };
        assert_eq!(asked.sends, sends);
        assert_eq!(looked_up(&sql, asked, false, at(now)).unwrap(), Step::Wait(LOOKUP_AFTER_MS));
        assert_eq!(begin_at(&sql, now + 1, true), Step::Wait(LOOKUP_AFTER_MS - 1));
        now += LOOKUP_AFTER_MS;
        let asked = mail(begin_at(&sql, now, true));
        let next = looked_up(&sql, asked, false, at(now)).unwrap();
        if sends == 1 {
            let Step::Send(again) = next else { panic!("{next:?}") };
            assert_eq!((again.sends, again.unfound_at, again.began_at), (2, None, at(now)));
            sent(&sql, again, &SendOutcome::Unknown { reason: reason() }).unwrap();
            now += LOOKUP_AFTER_MS;
        } else {
            assert_eq!(next, Step::Finished(MailStatus::Unknown));
        }
    }
    assert_eq!(begin_at(&sql, now, true), Step::Finished(MailStatus::Unknown));
}

#[test]
fn another_provider_is_not_asked_for_a_mail_and_does_not_send_it() {
    let sql = rows();
    mail(begin_at(&sql, 0, true));
    let step = begin(&sql, &event_id(1), ADA, "sendgrid", true, at(LOOKUP_AFTER_MS)).unwrap();
    assert_eq!(step, Step::Finished(MailStatus::Unknown));
    assert_eq!(begin_at(&sql, LOOKUP_AFTER_MS, true), Step::Finished(MailStatus::Unknown));
}

#[test]
fn a_second_send_that_is_not_accepted_does_not_forget_the_first() {
    let sql = rows();
    let asked = mail(begin_at(&sql, 0, true));
    looked_up(&sql, asked, false, at(0)).unwrap();
    let asked = mail(begin_at(&sql, LOOKUP_AFTER_MS, true));
    let Step::Send(second) = looked_up(&sql, asked, false, at(LOOKUP_AFTER_MS)).unwrap() else {
        panic!("not sent again")
    };
    sent(&sql, second, &SendOutcome::NotSent { reason: reason() }).unwrap();
    assert!(matches!(begin_at(&sql, 2 * LOOKUP_AFTER_MS, true), Step::LookUp(mail) if mail.sends == 2));
}

#[test]
fn records_of_mails_are_pruned_by_age() {
    let sql = rows();
    mail(begin_at(&sql, 0, true));
    mails::prune(&sql, at(0), 10).unwrap();
    assert_eq!(status(&sql), Some(MailStatus::Sending));
    mails::prune(&sql, at(1), 10).unwrap();
    assert_eq!(status(&sql), None);
}
