//! The table of a record in as few words as it has fields.

/// The fields of a record: `fields!(id, "threadId" = thread_id, "internalDate" = internal_date.form(Form::EpochMs))`.
///
/// A field whose JSON key is its Rust name stands alone. Used inside `impl Described`.
#[doc(hidden)]
#[macro_export]
macro_rules! __fields {
    ($($($key:literal =)? $field:ident $(.$rule:ident($($arg:expr),*))*),*) => {
        &[$(
            $crate::__private::prelude::field(
                $crate::__field_key!($($key)? $field),
                |v: &mut Self| &mut v.$field,
            )
            $(.$rule($($arg),*))*
        ),*]
    };
}

/// The JSON key of a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __field_key {
    ($key:literal $field:ident) => {
        $key
    };
    ($field:ident) => {
        ::core::stringify!($field)
    };
}
