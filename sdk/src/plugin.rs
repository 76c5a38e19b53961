/// Makes a component of a type: exports the named extensions, each of which the type implements as a trait.
///
/// ```
/// # use portcullis_sdk::prelude::*;
/// # #[derive(Default)] struct Stage;
/// # impl Lifecycle for Stage {}
/// # impl Simulation for Stage {
/// #     fn provide(&self, _: &str, _: &Subject) -> Result<Value, Failure> { Ok(json!({ "crowd": 12 })) }
/// # }
/// portcullis_sdk::plugin!(Stage: lifecycle, simulation);
/// # fn main() {}
/// ```
///
/// The type implements [`Default`] and is made anew for every call: instances come and go as the host decides, so what is to last belongs
/// into a session flag. Name every extension that the manifest contributes to: the host refuses a plugin that contributes to one and does
/// not export it.
#[macro_export]
macro_rules! plugin {
    ($plugin:ident: $($extension:ident),+ $(,)?) => {
        $($crate::$extension::export!($plugin with_types_in $crate::$extension::bindings);)+
    };
}
