//! Weights that halve with age, computed in integers so that all machines split a sale identically.

use crate::values::time::DAY_MS;

/// The weight one, in units of 2^-60.
const ONE: i64 = 1 << 60;
/// 2^(-1/2), 2^(-1/4), … 2^(-1/2^24), each rounded to the nearest 2^-60.
const STEPS: [i64; 24] = [
    815_238_614_083_298_888,
    969_487_560_292_816_559,
    1_057_233_681_222_091_667,
    1_104_041_415_199_452_355,
    1_128_216_774_188_376_116,
    1_140_502_249_370_840_087,
    1_146_695_063_803_852_933,
    1_149_804_069_520_534_666,
    1_151_361_731_965_541_101,
    1_152_141_354_333_077_009,
    1_152_531_363_459_347_061,
    1_152_726_417_527_650_500,
    1_152_823_956_940_537_958,
    1_152_872_729_741_971_125,
    1_152_897_116_916_473_259,
    1_152_909_310_697_175_488,
    1_152_915_407_635_889_989,
    1_152_918_456_117_338_161,
    1_152_919_980_361_084_987,
    1_152_920_742_483_714_086,
    1_152_921_123_545_217_557,
    1_152_921_314_076_016_523,
    1_152_921_409_341_427_814,
    1_152_921_456_974_136_411,
];

/// Returns `2^(-age / half life)` in units of 2^-60. The age is rounded down to a multiple of 2^-24 half-lives (36 ms
/// at 7 days) and each product is truncated, so that the relative error is below one millionth (1/100 of a basis point)
/// plus one unit. The weight is zero beyond 60 half-lives. A negative age, caused by a fast clock at the shop, counts
/// as zero.
#[must_use]
pub fn weight(age_ms: i64, half_life_days: i64) -> i64 {
    let half_life = i128::from(half_life_days.max(1)).saturating_mul(i128::from(DAY_MS));
    let age = i128::from(age_ms.max(0));
    let (Some(halvings), Some(rest)) = (age.checked_div(half_life), age.checked_rem(half_life)) else {
        return 0;
    };
    let binary = rest.saturating_mul(1 << STEPS.len()).checked_div(half_life).unwrap_or(0);
    let mut weight = i128::from(ONE);
    for (step, place) in STEPS.iter().zip((0..STEPS.len()).rev()) {
        if (binary >> place) & 1 == 1 {
            // Both factors are at most 2^60.
            weight = weight.saturating_mul(i128::from(*step)) >> 60;
        }
    }
    let halvings = u32::try_from(halvings).unwrap_or(u32::MAX);
    let halved = weight.checked_shr(halvings).unwrap_or(0);
    i64::try_from(halved).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_halve_and_are_exact_to_a_millionth() {
        assert_eq!(weight(0, 7), ONE);
        assert_eq!(weight(-5, 7), ONE);
        assert_eq!(weight(7 * DAY_MS, 7), ONE / 2);
        assert_eq!(weight(14 * DAY_MS, 7), ONE / 4);
        assert_eq!(weight(60 * DAY_MS, 1), 1);
        assert_eq!(weight(61 * DAY_MS, 1), 0);
        assert_eq!(weight(i64::MAX, 3650), 0);
        for n in 0..10_000_i64 {
            let age = n * 7_919_333;
            let exact = (-(age as f64) / (7.0 * DAY_MS as f64)).exp2();
            let found = weight(age, 7) as f64 / ONE as f64;
            let unit = 1.0 / ONE as f64;
            assert!((found - exact).abs() <= exact * 1e-6 + unit, "{age}: {found} {exact}");
        }
    }

    #[test]
    fn an_older_touch_never_weighs_more() {
        let mut before = ONE;
        for n in 0..100_000_i64 {
            let now = weight(n * 61_007, 7);
            assert!(now <= before, "{n}");
            before = now;
        }
    }
}
