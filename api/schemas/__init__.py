"""marshmallow: what requests may say and what answers hold; no schema does both."""
