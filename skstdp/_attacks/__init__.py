"""Attack arithmetic on arrays: nothing here knows an estimator."""
