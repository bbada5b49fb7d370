"""MRI: noise, bias field, brain, White Stripe, aligned sequences, the prepared volume."""
