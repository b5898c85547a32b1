//! The official SDK in process, under virtual time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use stackfleet_base::Timestamp;
use stackfleet_wire::{Clock as _, Door, VirtualClock, connector};

use crate::echo::{ACCESS_KEY_ID, Echo, SECRET_ACCESS_KEY};

const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);

#[derive(Debug)]
struct VirtualTime(VirtualClock);

impl aws_smithy_async::time::TimeSource for VirtualTime {
    fn now(&self) -> std::time::SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.0.now().as_millis()).unwrap())
    }
}

fn configure(door: Door<Echo>, clock: VirtualClock) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            ACCESS_KEY_ID,
            SECRET_ACCESS_KEY,
            None,
            None,
            "test",
        )))
        .time_source(VirtualTime(clock))
        .http_client(connector(door))
        .build()
}

#[tokio::test(start_paused = true)]
async fn the_sdk_speaks_to_the_world_without_a_socket_and_an_hour_takes_no_time() {
    let clock = VirtualClock::new(START);
    let door = Door::new(Arc::new(Mutex::new(Echo::default())), clock);
    let client = aws_sdk_sts::Client::new(&configure(door.clone(), clock));

    let identity = client.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("Arn 3 <&> \"ü\""));

    tokio::time::sleep(Duration::from_secs(3600)).await;
    let role = client.assume_role().role_arn("arn:aws:iam::111122223333:role/x").role_session_name("me");
    let role = role.tags(aws_sdk_sts::types::Tag::builder().key("a").value("b").build().unwrap()).send().await.unwrap();
    assert!(role.credentials().unwrap().access_key_id().starts_with("AccessKeyId"));

    let world = door.world().lock().unwrap();
    assert_eq!(world.advanced_to, Some(Timestamp::from_millis(START.as_millis() + 3_600_000)));
    let received: Vec<_> = world.received.iter().map(|received| (&*received.action, &*received.region)).collect();
    assert_eq!(received, [("sts:GetCallerIdentity", "eu-west-1"), ("sts:AssumeRole", "eu-west-1")]);
    assert_eq!(
        world.received.last().unwrap().input,
        serde_json::json!({
            "RoleArn": "arn:aws:iam::111122223333:role/x", "RoleSessionName": "me", "Tags": [{"Key": "a", "Value": "b"}]
        })
    );
    assert_eq!((door.calls().total(), door.calls().mutating()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_breaks_the_model_is_refused_in_the_words_of_aws() {
    let clock = VirtualClock::new(START);
    let door = Door::new(Arc::new(Mutex::new(Echo::default())), clock);
    let client = aws_sdk_sts::Client::new(&configure(door, clock));
    let error = client.assume_role().role_arn("short").role_session_name("me").send().await.unwrap_err();
    let error = error.into_service_error();
    assert_eq!(error.meta().code(), Some("ValidationError"));
    assert_eq!(
        error.meta().message(),
        Some(
            "1 validation error detected: Value 'short' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"
        )
    );
}
