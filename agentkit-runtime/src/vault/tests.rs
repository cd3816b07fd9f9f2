use super::*;
use crate::store::MemoryStore;

async fn vault(tenant: &str) -> Vault {
    let root = RootKey::of_this_process();
    Vault::open(&MemoryStore::new(), tenant, &root, Timestamp::UNIX_EPOCH).await.expect("a new store")
}

const SLOT: Slot<'_> = Slot { table: "credential", column: "access", row: "ca_1", token: "bot", generation: 3 };

#[tokio::test]
async fn what_was_sealed_opens() {
    let vault = vault("default").await;
    for length in [0, 1, 251, 252, 253, 4096] {
        let plain = vec![b'x'; length];
        let blob = vault.seal(Purpose::Credential, SLOT, &plain);
        assert_eq!((blob.len() - 14 - 32 - 32 - 12 - 16) % 256, 0, "lengths say little");
        assert_eq!(&blob[..2], &[1, 1]);
        assert_eq!(*vault.open_record(Purpose::Credential, SLOT, &blob).expect("opens"), plain);
        assert_ne!(blob, vault.seal(Purpose::Credential, SLOT, &plain), "no two are alike");
    }
}

/// Under one and the same key, so that nothing but the place decides.
#[test]
fn what_a_record_is_for_and_whose_it_is_are_part_of_its_seal() {
    let key: Key = SecretBox::new(Box::new([7; 32]));
    let keys = Keys { kek: 1, data: 2 };
    let place = |purpose, tenant| Place { purpose, tenant, slot: SLOT };
    let blob = record::seal(&key, keys, &place("cred", "one"), b"secret");
    assert!(record::open(&key, keys, &place("cred", "one"), &blob).is_ok());
    for (purpose, tenant) in [("flow", "one"), ("cred", "two"), ("cred", "")] {
        assert_eq!(record::open(&key, keys, &place(purpose, tenant), &blob), Err(VaultError), "{purpose} {tenant}");
    }
    for keys in [Keys { kek: 3, ..keys }, Keys { data: 3, ..keys }] {
        assert_eq!(record::open(&key, keys, &place("cred", "one"), &blob), Err(VaultError), "{keys:?}");
    }
    let wrapped = record::seal(&key, keys, &wrap_place("one", "cred", "5"), &[7; 32]);
    for (tenant, purpose, id) in [("two", "cred", "5"), ("one", "flow", "5"), ("one", "cred", "6")] {
        assert_eq!(record::open(&key, keys, &wrap_place(tenant, purpose, id), &wrapped), Err(VaultError), "{id}");
    }
}

#[tokio::test]
async fn every_record_has_a_salt_and_a_nonce_of_its_own() {
    let vault = vault("default").await;
    let (one, other) = (vault.seal(Purpose::Flow, SLOT, b"x"), vault.seal(Purpose::Flow, SLOT, b"x"));
    for (what, part) in [("salt", 14..46), ("commitment", 46..78), ("nonce", 78..90), ("text", 90..346)] {
        assert_ne!(one[part.clone()], other[part], "{what}");
    }
}

#[tokio::test]
async fn no_bit_can_be_changed() {
    let vault = vault("default").await;
    for round in 0..4_u8 {
        let blob = vault.seal(Purpose::Credential, SLOT, &[round; 40]);
        for byte in 0..blob.len() {
            let mut broken = blob.clone();
            broken[byte] ^= 1 << (byte % 8);
            assert_eq!(vault.open_record(Purpose::Credential, SLOT, &broken), Err(VaultError), "byte {byte}");
        }
        for length in 0..blob.len() {
            assert_eq!(vault.open_record(Purpose::Credential, SLOT, &blob[..length]), Err(VaultError));
        }
    }
}

#[tokio::test]
async fn nothing_opens_elsewhere() {
    let vault = vault("default").await;
    let blob = vault.seal(Purpose::Credential, SLOT, b"secret");
    let elsewhere = [
        Slot { table: "flow", ..SLOT },
        Slot { column: "refresh", ..SLOT },
        Slot { row: "ca_2", ..SLOT },
        Slot { token: "user", ..SLOT },
        Slot { token: "", ..SLOT },
        Slot { generation: 4, ..SLOT },
        // The same bytes one after the other, cut elsewhere.
        Slot { row: "ca_1b", token: "ot", ..SLOT },
        Slot { column: "acc", row: "essca_1", ..SLOT },
    ];
    for slot in elsewhere {
        assert_eq!(vault.open_record(Purpose::Credential, slot, &blob), Err(VaultError), "{slot:?}");
    }
    assert_eq!(vault.open_record(Purpose::Flow, SLOT, &blob), Err(VaultError));
}

#[tokio::test]
async fn tenants_and_stores_have_keys_of_their_own() {
    let store = MemoryStore::new();
    let root = RootKey::of_this_process();
    let one = Vault::open(&store, "one", &root, Timestamp::UNIX_EPOCH).await.expect("opens");
    let two = Vault::open(&store, "two", &root, Timestamp::UNIX_EPOCH).await.expect("opens");
    let blob = one.seal(Purpose::Credential, SLOT, b"secret");
    assert_eq!(two.open_record(Purpose::Credential, SLOT, &blob), Err(VaultError));
    // Opened again, the keyring gives the same keys.
    let again = Vault::open(&store, "one", &root, Timestamp::UNIX_EPOCH).await.expect("opens");
    assert_eq!(*again.open_record(Purpose::Credential, SLOT, &blob).expect("opens"), b"secret");
    let keys = store.keys().await.expect("keys");
    assert_eq!(keys.len(), 1 + 2 * Purpose::ALL.len(), "one to wrap, and one of each purpose for each tenant");
}

#[tokio::test]
async fn another_root_key_is_refused_and_changes_nothing() {
    let store = MemoryStore::new();
    let root = RootKey::of_this_process();
    Vault::open(&store, "one", &root, Timestamp::UNIX_EPOCH).await.expect("opens");
    let before = store.keys().await.expect("keys");
    let error = Vault::open(&store, "two", &RootKey::of_this_process(), Timestamp::UNIX_EPOCH).await;
    let error = error.expect_err("another key").to_string();
    assert!(error.contains("not the one that this data was sealed with"), "{error}");
    assert_eq!(store.keys().await.expect("keys"), before);
}

#[test]
fn key_files_are_made_once_and_read_back() {
    let dir = std::env::temp_dir().join(secret::new_id("root-key-test", Timestamp::UNIX_EPOCH));
    let path = dir.join("root.key");
    let missing = RootKey::load(&path, false).map(|_| ()).expect_err("there is data");
    assert!(missing.to_string().contains("the root key is missing"), "{missing}");
    let first = RootKey::load(&path, true).expect("made");
    let again = RootKey::load(&path, false).expect("read");
    assert_eq!(first.key().expose_secret(), again.key().expose_secret());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |bits| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).expect("set");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        mode(0o640);
        let readable = RootKey::load(&path, true).map(|_| ()).expect_err("shared");
        assert!(readable.to_string().contains("chmod 600"), "{readable}");
        mode(0o600);
    }
    std::fs::write(&path, "not a key").expect("written");
    let broken = RootKey::load(&path, true).map(|_| ()).expect_err("broken");
    assert!(broken.to_string().contains("this is no root key"), "{broken}");
    std::fs::remove_dir_all(dir).expect("removed");
}

mod proof;
