//! Where an SNS topic lives, and which address of a signing certificate is that topic's.
//!
//! An address is never parsed here but compared as text, whole: no user name, port, other path, query or other spelling
//! can stand in it. A rule about the host and the end of the path alone is not enough: with
//! `https://sns.us-east-1.amazonaws.com/?Action=…&x=.pem` SNS's own host answers what an attacker chose
//! (spaceraccoon, DEF CON 30), and `sns.s3-us-west-2.amazonaws.com` is a bucket's.

/// Digits of an AWS account id.
const ACCOUNT_DIGITS: usize = 12;
/// Characters of a topic's name at most (SNS API reference, `CreateTopic`).
const MAX_NAME: usize = 256;
/// Hexadecimal digits in the name of a certificate.
const CERTIFICATE_DIGITS: usize = 32;

/// Where a topic lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home<'a> {
    region: &'a str,
    domain: &'static str,
}

/// Whether a label is a region's (`us-east-1`), and not another host's under the same domain (`s3-us-west-2`).
fn is_region(text: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let Some((places, number)) = text.rsplit_once('-') else { return false };
    let Some((area, direction)) = places.split_once('-') else { return false };
    let numbered = number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit());
    numbered && area.len() == 2 && letters(area) && direction.split('-').all(letters)
}

impl<'a> Home<'a> {
    /// That of the topic `arn`; `None` if it is no topic, or in none of the partitions that are known here.
    pub fn of(arn: &'a str) -> Option<Self> {
        let fields: Vec<&str> = arn.splitn(7, ':').collect();
        let [arn, partition, service, region, account, name] = fields.as_slice() else { return None };
        let named = !name.is_empty()
            && name.len() <= MAX_NAME
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let account = account.len() == ACCOUNT_DIGITS && account.bytes().all(|byte| byte.is_ascii_digit());
        if *arn != "arn" || *service != "sns" || !account || !named || !is_region(region) {
            return None;
        }
        let (china, government) = (region.starts_with("cn-"), region.starts_with("us-gov-"));
        let domain = match (*partition, china, government) {
            ("aws", false, false) | ("aws-us-gov", false, true) => "amazonaws.com",
            ("aws-cn", true, false) => "amazonaws.com.cn",
            _ => return None,
        };
        Some(Self { region, domain })
    }

    /// The origin of its endpoint.
    pub fn origin(self) -> String {
        format!("https://sns.{}.{}", self.region, self.domain)
    }

    /// Whether `address` is that of a certificate with which this topic's messages are signed.
    pub fn owns_certificate(self, address: &str) -> bool {
        let rest = address.strip_prefix(&self.origin());
        let rest = rest.and_then(|rest| rest.strip_prefix("/SimpleNotificationService-"));
        rest.and_then(|rest| rest.strip_suffix(".pem")).is_some_and(|name| {
            name.len() == CERTIFICATE_DIGITS
                && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        })
    }
}
