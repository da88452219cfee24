// Package queue decides who is served next and who holds what: order, fairness, leases with fences, the seal that
// comes before a post, retries, cancel and the event stream. It is an index in Redis over jobs whose truth is in SQL,
// and may be wiped at any time: a new epoch empties it and the owner of the truth fills it again.
//
// Lane and cost come from the caller. What a Spec or a reply address says is none of its business.
package queue
