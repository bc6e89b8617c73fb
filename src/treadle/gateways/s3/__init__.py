"""The S3 gateway: branches, tags and commits of repos as buckets, for every program that speaks S3.

Promises: signature version 4 is checked, of the request and of its body; what a PUT acknowledged is
durable and read back at once; nothing that failed half-way is seen. Refuses: versions, policies, ACLs
and what else S3 has beside objects, each by its name.
"""

from __future__ import annotations

from treadle.gateways.s3.app import create_gateway
from treadle.gateways.s3.asked import MOUNT
from treadle.gateways.s3.uploads import sweep_uploads
from treadle.gateways.s3.visit import S3Parts

__all__ = ["MOUNT", "S3Parts", "create_gateway", "sweep_uploads"]
