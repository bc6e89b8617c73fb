"""The S3 gateway: branches, tags and commits of repos as buckets, for every program that speaks S3.

Promises: signature version 4 is checked, of the request and of its body; what a PUT acknowledged is
durable and read back at once; nothing that failed half-way is seen. Refuses: versions, policies, ACLs
and what else S3 has beside objects, each by its name.

`app.create_gateway` is its face; the worker takes `uploads.sweep_uploads` alone, which loads little.
"""
