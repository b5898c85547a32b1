"""Buckets, their settings, objects, listings, uploads in parts; signed bodies of every kind."""

import io
import json
import socket
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))


def refused(code, status, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        given = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert given == (code, status), error.response
        return error.response
    raise AssertionError("%s was not refused" % call)


refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket="nothing-here")
refused("404", 404, s3.head_bucket, Bucket="nothing-here")

s3.create_bucket(Bucket="artifacts-1", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
assert s3.get_bucket_location(Bucket="artifacts-1")["LocationConstraint"] == "eu-west-1"
assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["artifacts-1"]
assert s3.head_bucket(Bucket="artifacts-1")["BucketRegion"] == "eu-west-1"

# Settings
policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::artifacts-1/*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
        }
    ],
}
refused("NoSuchBucketPolicy", 404, s3.get_bucket_policy, Bucket="artifacts-1")
s3.put_bucket_policy(Bucket="artifacts-1", Policy=json.dumps(policy))
assert json.loads(s3.get_bucket_policy(Bucket="artifacts-1")["Policy"]) == policy
assert s3.get_bucket_policy_status(Bucket="artifacts-1")["PolicyStatus"] == {"IsPublic": False}
s3.delete_bucket_policy(Bucket="artifacts-1")
rules = s3.get_bucket_encryption(Bucket="artifacts-1")["ServerSideEncryptionConfiguration"]["Rules"]
assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
s3.put_bucket_encryption(
    Bucket="artifacts-1",
    ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
)
assert s3.get_public_access_block(Bucket="artifacts-1")["PublicAccessBlockConfiguration"]["BlockPublicPolicy"]
block = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
s3.put_public_access_block(Bucket="artifacts-1", PublicAccessBlockConfiguration=block)
s3.put_bucket_tagging(Bucket="artifacts-1", Tagging={"TagSet": [{"Key": "owner", "Value": "us <&>"}]})
assert s3.get_bucket_tagging(Bucket="artifacts-1")["TagSet"] == [{"Key": "owner", "Value": "us <&>"}]
s3.put_bucket_ownership_controls(
    Bucket="artifacts-1", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
)
controls = s3.get_bucket_ownership_controls(Bucket="artifacts-1")["OwnershipControls"]
assert controls["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]

# Objects; a stream is sent in chunks with a trailer, and waits for 100 Continue.
key = "a b/ü+%&.txt"
put = s3.put_object(
    Bucket="artifacts-1", Key=key, Body=b"hello", ContentType="text/plain", Metadata={"one": "1"}, Tagging="a=b%20c&d=e"
)
assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"', put
got = s3.get_object(Bucket="artifacts-1", Key=key)
assert got["Body"].read() == b"hello" and got["ContentType"] == "text/plain" and got["Metadata"] == {"one": "1"}
assert got["TagCount"] == 2 and got["ServerSideEncryption"] == "AES256"
assert s3.get_object_tagging(Bucket="artifacts-1", Key=key)["TagSet"] == [
    {"Key": "a", "Value": "b c"},
    {"Key": "d", "Value": "e"},
]
s3.put_object_tagging(Bucket="artifacts-1", Key=key, Tagging={"TagSet": []})
part = s3.get_object(Bucket="artifacts-1", Key=key, Range="bytes=1-3")
assert part["Body"].read() == b"ell" and part["ContentRange"] == "bytes 1-3/5"
assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
head = s3.head_object(Bucket="artifacts-1", Key=key)
assert head["ContentLength"] == 5 and head["ETag"] == put["ETag"]
refused("404", 404, s3.head_object, Bucket="artifacts-1", Key="none")
refused("NoSuchKey", 404, s3.get_object, Bucket="artifacts-1", Key="none")
refused("304", 304, s3.get_object, Bucket="artifacts-1", Key=key, IfNoneMatch=put["ETag"])
refused("PreconditionFailed", 412, s3.put_object, Bucket="artifacts-1", Key=key, Body=b"", IfNoneMatch="*")
large = bytes(range(256)) * 4096
s3.put_object(Bucket="artifacts-1", Key="large", Body=io.BytesIO(large))
assert s3.get_object(Bucket="artifacts-1", Key="large")["Body"].read() == large
s3.put_object(Bucket="artifacts-1", Key="summed", Body=b"hello", ChecksumAlgorithm="SHA256")
summed = s3.get_object(Bucket="artifacts-1", Key="summed", ChecksumMode="ENABLED")
assert summed["ChecksumSHA256"] == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" and summed["Body"].read() == b"hello"
copied = s3.copy_object(Bucket="artifacts-1", Key="copy", CopySource={"Bucket": "artifacts-1", "Key": key})
assert copied["CopyObjectResult"]["ETag"] == put["ETag"]

# A presigned URL, good and spoilt
url = s3.generate_presigned_url("get_object", Params={"Bucket": "artifacts-1", "Key": key}, ExpiresIn=60)
assert urllib.request.urlopen(url).read() == b"hello"
try:
    urllib.request.urlopen(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    raise AssertionError("a spoilt URL was accepted")
except urllib.error.HTTPError as error:
    assert error.code == 403 and b"SignatureDoesNotMatch" in error.read()
try:
    urllib.request.urlopen(endpoint + "/artifacts-1/large")
    raise AssertionError("an unsigned request was accepted")
except urllib.error.HTTPError as error:
    assert error.code == 403 and b"AccessDenied" in error.read()

# Listings
page = s3.list_objects_v2(Bucket="artifacts-1", Delimiter="/", MaxKeys=2)
assert page["KeyCount"] == 2 and page["IsTruncated"] and page["CommonPrefixes"] == [{"Prefix": "a b/"}], page
keys = [
    entry["Key"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="artifacts-1", PaginationConfig={"PageSize": 2})
    for entry in page["Contents"]
]
assert keys == [key, "copy", "large", "summed"], keys
assert [entry["Key"] for entry in s3.list_objects(Bucket="artifacts-1", Prefix="c")["Contents"]] == ["copy"]

# An upload in parts
upload = s3.create_multipart_upload(Bucket="artifacts-1", Key="parts", ContentType="application/zip")["UploadId"]
assert [entry["UploadId"] for entry in s3.list_multipart_uploads(Bucket="artifacts-1")["Uploads"]] == [upload]
pieces = [large * 5, b"end"]
tags = []
for number, piece in enumerate(pieces, 1):
    answer = s3.upload_part(Bucket="artifacts-1", Key="parts", UploadId=upload, PartNumber=number, Body=piece)
    tags.append({"PartNumber": number, "ETag": answer["ETag"]})
assert len(s3.list_parts(Bucket="artifacts-1", Key="parts", UploadId=upload)["Parts"]) == 2
s3.complete_multipart_upload(
    Bucket="artifacts-1", Key="parts", UploadId=upload, MultipartUpload={"Parts": tags}
)
whole = s3.get_object(Bucket="artifacts-1", Key="parts")
assert whole["Body"].read() == b"".join(pieces) and whole["ETag"].endswith('-2"') and whole["ContentType"] == "application/zip"
upload = s3.create_multipart_upload(Bucket="artifacts-1", Key="never")["UploadId"]
s3.abort_multipart_upload(Bucket="artifacts-1", Key="never", UploadId=upload)
refused("NoSuchUpload", 404, s3.list_parts, Bucket="artifacts-1", Key="never", UploadId=upload)

# Versions
s3.put_bucket_versioning(Bucket="artifacts-1", VersioningConfiguration={"Status": "Enabled"})
assert s3.get_bucket_versioning(Bucket="artifacts-1")["Status"] == "Enabled"
first = s3.put_object(Bucket="artifacts-1", Key="versioned", Body=b"1")["VersionId"]
s3.put_object(Bucket="artifacts-1", Key="versioned", Body=b"2")
assert s3.get_object(Bucket="artifacts-1", Key="versioned", VersionId=first)["Body"].read() == b"1"
assert s3.delete_object(Bucket="artifacts-1", Key="versioned")["DeleteMarker"]
versions = s3.list_object_versions(Bucket="artifacts-1", Prefix="versioned")
assert len(versions["Versions"]) == 2 and versions["DeleteMarkers"][0]["IsLatest"]

# The end
refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket="artifacts-1")
everything = s3.list_object_versions(Bucket="artifacts-1")
objects = [
    {"Key": entry["Key"], "VersionId": entry["VersionId"]}
    for entry in everything["Versions"] + everything["DeleteMarkers"]
]
deleted = s3.delete_objects(Bucket="artifacts-1", Delete={"Objects": objects})
assert len(deleted["Deleted"]) == len(objects), deleted
s3.delete_bucket(Bucket="artifacts-1")
assert s3.list_buckets()["Buckets"] == []

# Bucket names in hosts. Not every resolver knows the names below localhost.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **other: resolve("127.0.0.1", *more, **other)
virtual = boto3.client(
    "s3", endpoint_url=endpoint.replace("127.0.0.1", "localhost"), config=Config(s3={"addressing_style": "virtual"})
)
virtual.create_bucket(Bucket="virtual-1", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
virtual.put_object(Bucket="virtual-1", Key="k", Body=b"v")
assert s3.get_object(Bucket="virtual-1", Key="k")["Body"].read() == b"v"
