// Package catalog knows what can be rendered and what it costs.
//
// Renderers announce their models and add-ons, each with a card. The catalog asks the queue for them at a steady
// interval, joins them, and stores them in SQL, so that a request can be judged while no renderer is online. It
// measures the time that images take for each model, per step and megapixel. From that it estimates the cost of a job,
// which decides fairness and the ETA.
package catalog
