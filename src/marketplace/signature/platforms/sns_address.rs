//! The endpoint of an SNS topic, and the addresses of its signing certificates.
//!
//! An address is not parsed but compared as a whole text, so it cannot contain a user name, port, query or another
//! path or spelling. It would not be enough to check the host and the end of the path: the response to
//! `https://sns.us-east-1.amazonaws.com/?Action=…&x=.pem` comes from SNS but contains an attacker's text
//! (spaceraccoon, DEF CON 30), and `sns.s3-us-west-2.amazonaws.com` is an S3 bucket.

/// The number of digits of an AWS account id.
const ACCOUNT_DIGITS: usize = 12;
/// The maximum length of a topic's name (SNS API reference, `CreateTopic`).
const MAX_NAME: usize = 256;
/// The number of hexadecimal digits in the name of a certificate.
const CERTIFICATE_DIGITS: usize = 32;

/// The endpoint of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TopicEndpoint<'a> {
    region: &'a str,
    domain: &'static str,
}

/// Whether a label is a region (`us-east-1`), not another host in the same domain (`s3-us-west-2`).
fn is_region(text: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let Some((places, number)) = text.rsplit_once('-') else { return false };
    let Some((area, direction)) = places.split_once('-') else { return false };
    let numbered = number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit());
    numbered && area.len() == 2 && letters(area) && direction.split('-').all(letters)
}

impl<'a> TopicEndpoint<'a> {
    /// The endpoint of the topic `arn`. Returns `None` if `arn` is not a topic in one of the supported partitions.
    pub fn of_topic(arn: &'a str) -> Option<Self> {
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

    /// The origin of the endpoint.
    pub fn origin(self) -> String {
        format!("https://sns.{}.{}", self.region, self.domain)
    }

    /// Whether `address` is the address of a certificate that signs this topic's messages.
    pub fn owns_certificate(self, address: &str) -> bool {
        let rest = address.strip_prefix(&self.origin());
        let rest = rest.and_then(|rest| rest.strip_prefix("/SimpleNotificationService-"));
        rest.and_then(|rest| rest.strip_suffix(".pem")).is_some_and(|name| {
            name.len() == CERTIFICATE_DIGITS
                && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        })
    }
}
