"""What is kept for a while is paid for as long as it lives, and its key is asked once in five minutes."""

from typing import Any

import pytest

from tests.unit.costs.test_model import bill, of, one_subscriber, quantities

MONTH, MILLION = 2_592_000, 1_000_000


def resources(table: dict[str, Any], bucket: dict[str, Any]) -> dict[str, Any]:
    found = one_subscriber()
    found["Function"]["Properties"]["Environment"] = {
        "Variables": {
            "FANOUT_TASK": "bill_me",
            "FANOUT_COMPLETED_TABLE": {"Ref": "Table"},
            "FANOUT_COMPLETED_SECONDS": str(MONTH // 2),
        }
    }
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": {"Fn::Join": ["", [of("Bucket", "Arn"), "/*"]]}}
    write = {"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": of("Table", "Arn")}
    found["Policy"] = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": [put, write]}},
    }
    found["Table"] = {"Type": "AWS::DynamoDB::Table", "Properties": table}
    found["Bucket"] = {"Type": "AWS::S3::Bucket", "Properties": bucket}
    found["Elsewhere"] = {"Type": "AWS::S3::Bucket", "Properties": ends(30)}
    return found


def ends(days: int, **more: Any) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": days, **more}]}}


def encrypted(*, bucket_key: bool) -> dict[str, Any]:
    rule = {"BucketKeyEnabled": bucket_key, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    return {"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}}


def kept(table: dict[str, Any], bucket: dict[str, Any]) -> dict[str, float]:
    return quantities(bill(resources(table, bucket), MILLION), "bill_me", "traffic")


def test_records_are_kept_for_as_long_as_they_count() -> None:
    found = kept({}, {})
    assert found["records kept"] == pytest.approx(0.25)  # GB: a million, for half a month, of 0.5 KB
    assert not {"records, to any point in time", "key requests", "objects kept"} & found.keys()


def test_recovery_to_any_point_in_time_is_paid_by_the_size_of_the_table() -> None:
    found = kept({"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}, {})
    assert found["records, to any point in time"] == found["records kept"]


def test_objects_are_kept_until_their_bucket_ends_them() -> None:
    assert kept({}, ends(60))["objects kept"] == pytest.approx(4)  # GB: two months of a million of 2 KB
    assert "objects kept" not in kept({}, ends(60, Prefix="some/"))
    assert "objects kept" not in kept({}, ends(60, Status="Disabled"))


def test_keys_of_table_and_bucket_are_asked_once_in_five_minutes_and_without_a_bucket_key_each_time() -> None:
    table = {"SSESpecification": {"KMSMasterKeyId": of("Key", "Arn")}}
    assert kept(table, {})["key requests"] == pytest.approx(8640)
    assert kept(table, encrypted(bucket_key=True))["key requests"] == pytest.approx(2 * 8640)
    assert kept({}, encrypted(bucket_key=False))["key requests"] == MILLION
