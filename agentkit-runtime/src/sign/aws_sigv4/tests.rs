//! The published vectors: of the general suite those that a URL of ours can have, and the S3 documentation's.

use secrecy::SecretString;
use url::Url;

use super::*;
use crate::account::Secrets;

struct Vector {
    name: &'static str,
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    signature: &'static str,
}

const SUITE: &[Vector] = &[
    Vector {
        name: "get-header-key-duplicate",
        method: "GET",
        target: "/",
        headers: &[("my-header1", "value2,value2,value1")],
        body: "",
        signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    },
    Vector {
        name: "get-header-value-multiline",
        method: "GET",
        target: "/",
        headers: &[("my-header1", "value1,value2,value3")],
        body: "",
        signature: "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
    },
    Vector {
        name: "get-header-value-order",
        method: "GET",
        target: "/",
        headers: &[("my-header1", "value4,value1,value3,value2")],
        body: "",
        signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    },
    Vector {
        name: "get-header-value-trim",
        method: "GET",
        target: "/",
        headers: &[("my-header1", "value1"), ("my-header2", "\"a   b   c\"")],
        body: "",
        signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    },
    Vector {
        name: "get-unreserved",
        method: "GET",
        target: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        headers: &[],
        body: "",
        signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    },
    Vector {
        name: "get-vanilla",
        method: "GET",
        target: "/",
        headers: &[],
        body: "",
        signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
    Vector {
        name: "get-vanilla-empty-query-key",
        method: "GET",
        target: "/?Param1=value1",
        headers: &[],
        body: "",
        signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    },
    Vector {
        name: "get-vanilla-query-order-key-case",
        method: "GET",
        target: "/?Param2=value2&Param1=value1",
        headers: &[],
        body: "",
        signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    },
    Vector {
        name: "get-vanilla-query-unreserved",
        method: "GET",
        target: "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        headers: &[],
        body: "",
        signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    },
    Vector {
        name: "get-vanilla-utf8-query",
        method: "GET",
        target: "/?%E1%88%B4=bar",
        headers: &[],
        body: "",
        signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    },
    Vector {
        name: "post-header-key-case",
        method: "POST",
        target: "/",
        headers: &[],
        body: "",
        signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    },
    Vector {
        name: "post-header-key-sort",
        method: "POST",
        target: "/",
        headers: &[("my-header1", "value1")],
        body: "",
        signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    },
    Vector {
        name: "post-header-value-case",
        method: "POST",
        target: "/",
        headers: &[("my-header1", "VALUE1")],
        body: "",
        signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    },
    Vector {
        name: "post-vanilla-empty-query-value",
        method: "POST",
        target: "/?Param1=value1",
        headers: &[],
        body: "",
        signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    },
    Vector {
        name: "post-vanilla-query-nonunreserved",
        method: "POST",
        target: "/?%40%23%24%25%5E=&%2B=%2F%2C%3F%3E%3C%60%22%3B%3A%5C%7C%5D%5B%7B%7D",
        headers: &[],
        body: "",
        signature: "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e",
    },
    Vector {
        name: "post-vanilla-query-space",
        method: "POST",
        target: "/?p=",
        headers: &[],
        body: "",
        signature: "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b",
    },
    Vector {
        name: "post-x-www-form-urlencoded",
        method: "POST",
        target: "/",
        headers: &[("content-type", "application/x-www-form-urlencoded")],
        body: "Param1=value1",
        signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    },
    Vector {
        name: "post-x-www-form-urlencoded-parameters",
        method: "POST",
        target: "/",
        headers: &[("content-type", "application/x-www-form-urlencoded; charset=utf8")],
        body: "Param1=value1",
        signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
    },
];

/// The session token of the suite's `post-sts-header-before`, and what comes out.
const SESSION: (&str, &str) = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
    "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
);

/// The examples of "Authenticating Requests: Using the Authorization Header".
const S3: &[Vector] = &[
    Vector {
        name: "get object",
        method: "GET",
        target: "/test.txt",
        headers: &[("range", "bytes=0-9")],
        body: "",
        signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
    Vector {
        name: "put object",
        method: "PUT",
        target: "/test%24file.text",
        headers: &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
        body: "Welcome to Amazon S3.",
        signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    },
    Vector {
        name: "get bucket lifecycle",
        method: "GET",
        target: "/?lifecycle",
        headers: &[],
        body: "",
        signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    },
    Vector {
        name: "list objects",
        method: "GET",
        target: "/?max-keys=2&prefix=J",
        headers: &[],
        body: "",
        signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    },
];

/// The Authorization header of a vector.
fn authorization(key: &AwsKey<'_>, (host, now): (&str, &str), vector: &Vector) -> String {
    let url = Url::parse(&format!("https://{host}{}", vector.target)).expect("an address");
    let mut headers = HeaderMap::new();
    for (name, value) in vector.headers {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let request = Unsigned {
        method: &vector.method.parse().expect("a method"),
        url: &url,
        headers: &headers,
        body: vector.body.as_bytes(),
        now: now.parse().expect("a time"),
        secrets: &Secrets(vec![(String::new(), SecretString::default())]),
        values: &std::collections::BTreeMap::new(),
    };
    let signed = key.sign(&request).expect("it can be signed");
    signed.last().expect("the last one is the signature").1.to_str().expect("ASCII").to_owned()
}

const OF_SUITE: AwsKey<'_> = AwsKey {
    id: "AKIDEXAMPLE",
    secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    session_token: None,
    region: "us-east-1",
    service: "service",
};
const SUITE_AT: (&str, &str) = ("example.amazonaws.com", "2015-08-30T12:36:00Z");

#[test]
fn the_suite_of_aws() {
    for vector in SUITE {
        let text = authorization(&OF_SUITE, SUITE_AT, vector);
        assert!(text.ends_with(&format!("Signature={}", vector.signature)), "{}: {text}", vector.name);
        assert!(text.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "));
    }
}

#[test]
fn a_session_token_is_signed_too() {
    let key = AwsKey { session_token: Some(SESSION.0), ..OF_SUITE };
    let vector = Vector { name: "sts", method: "POST", target: "/", headers: &[], body: "", signature: SESSION.1 };
    let text = authorization(&key, SUITE_AT, &vector);
    assert!(text.ends_with(SESSION.1) && text.contains("SignedHeaders=host;x-amz-date;x-amz-security-token"), "{text}");
}

#[test]
fn the_examples_of_s3() {
    let key = AwsKey {
        id: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        session_token: None,
        region: "us-east-1",
        service: "s3",
    };
    for vector in S3 {
        let text = authorization(&key, ("examplebucket.s3.amazonaws.com", "2013-05-24T00:00:00Z"), vector);
        assert!(text.ends_with(&format!("Signature={}", vector.signature)), "{}: {text}", vector.name);
    }
}

#[test]
fn what_is_sent_encoded_is_encoded_again_but_for_s3() {
    // The suite writes such paths raw, which no URL can; this is what the rule makes of the encoded ones.
    assert_eq!(canonical_path("/%E1%88%B4", true), "/%25E1%2588%25B4");
    assert_eq!(canonical_path("/%E1%88%B4/a!b", false), "/%E1%88%B4/a%21b");
    assert_eq!(canonical_path("//example//", true), "/example/");
    assert_eq!(canonical_path("//example//", false), "//example//");
    assert_eq!((canonical_path("/", true), canonical_path("", true)), ("/".to_owned(), "/".to_owned()));
}
