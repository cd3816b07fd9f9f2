//! Accounts whose key signs: what requests are made of is the token, and never the key.

use secrecy::ExposeSecret as _;

use super::*;
use crate::account::secrets::Secrets;
use crate::def::JwtBearerDef;
use crate::store::CredentialRow;

const KEYS: &[SecretDef] = &[SecretDef { name: "private_key", ..SecretDef::EMPTY }];
const SIGNS: AuthDef = AuthDef {
    kind: AuthKindDef::JwtBearer(JwtBearerDef { server: SERVER, secrets: KEYS, claims: &[] }),
    ..AuthDef::EMPTY
};
const BEARER: ConnectorDef = ConnectorDef { auth: &[SIGNS], ..MAIL };
/// A definition that asks for the key itself gets the token: it has one name, whatever the definition calls it.
const NAMED: ConnectorDef = ConnectorDef {
    auth: &[AuthDef {
        apply: ApplyDef::Parts {
            headers: &[("x-key", &[PartDef::Secret("private_key")])],
            query: &[("key", &[PartDef::Secret("private_key")])],
            path: &[PartDef::Secret("private_key")],
        },
        ..SIGNS
    }],
    ..MAIL
};

#[tokio::test]
async fn a_key_that_signs_is_in_no_request() {
    for (connector, places) in [(&BEARER, 1), (&NAMED, 3)] {
        let mail = Connection::new("mail-work", &MAIL).client("client-1", SecretString::from("CANARY-secret"));
        let connections = [mail, Connection::new("robot", connector)];
        let world = World::of(MemoryStore::new(), &[token(1)], connections).await.unwrap();
        let bare = CredentialRow { refresh: None, ..world.credential(&world.connected("ana").await).await };
        let accounts = &world.kit.inner().accounts;
        let account = world.kit.connected_account("robot", "ana").await.unwrap();
        let row = accounts.store.account(account.id().as_str()).await.unwrap().unwrap();
        let key = Secrets(vec![("private_key".to_owned(), SecretString::from("CANARY-key"))]);
        let both = Secrets::token(SecretString::from("CANARY-at")).and(&key);
        let credential = CredentialRow { access: Some(accounts.seal_secrets(&bare, &both)), ..bare };
        let credentials = accounts.opened(&account, &row, &credential).unwrap();
        assert_eq!(credentials.parts.len(), places);
        for part in &credentials.parts {
            let text = match part {
                AppliedPart::Header(_, value) => value.to_str().unwrap(),
                AppliedPart::Query(_, text) | AppliedPart::Segment(text) => text.expose_secret(),
            };
            assert_eq!(text.trim_start_matches("Bearer "), "CANARY-at");
        }
        assert!(credentials.signer.is_none());
        // Nor does it stay open while the token is in use.
        let open: Vec<_> = credentials.secrets.iter().map(SecretString::expose_secret).collect();
        assert!(!open.is_empty() && open.iter().all(|secret| *secret == "CANARY-at"), "{open:?}");
    }
}
