"""Pages. Each view is one call into a service or a query; what fails is a Problem, worded by the
middleware."""
