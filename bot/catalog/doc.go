// Package catalog knows what can be painted and what it costs.
//
// Renderers announce their models with a card each. The catalog asks the queue for them at a steady interval, joins
// them, and remembers them in SQL, so that a request can be judged while no renderer is up. The time that pictures
// took is measured for each model, per step and megapixel; from that comes the estimate of a job's cost, which
// decides fairness and the ETA.
package catalog
