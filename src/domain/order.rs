//! Sorting.

use std::cmp::Ordering;

/// The indices of `count` things in the order that `compare` makes of them. Each type that is sorted by itself brings 2 KB of
/// code along, so whatever is sorted once a request is sorted here.
#[inline]
#[must_use]
pub fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_unstable_by(|a, b| compare(*a, *b));
    order
}

/// The same things in their own order.
#[must_use]
pub fn sorted<T: Ord + Clone>(things: &[T]) -> Vec<T> {
    let order = order(things.len(), &|a, b| things.get(a).cmp(&things.get(b)));
    order.into_iter().filter_map(|index| things.get(index).cloned()).collect()
}
