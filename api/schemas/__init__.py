"""marshmallow: what requests may say and what answers hold. Reading and writing never share a schema."""
