//! The seam of extensions: what a plugin may export, and how the engine enters it.

use std::any::{Any, TypeId};
use std::future::Future;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::capability::Ctx;
use crate::manifest::RawTable;
use crate::permission::ExtensionDescriptor;
use crate::problem::Problem;

/// An extension: the host's side of an interface that plugins export.
pub trait Extension: Send + Sync + 'static {
    /// What a manifest says about one thing contributed by it.
    type Contribution: DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// Where the functions stand in a component. Found once for a plugin.
    type Bound: Send + Sync + 'static;
    /// Its name, interface and permission.
    const DESCRIPTOR: ExtensionDescriptor;

    /// Finds the functions in a component. `bindgen!` makes the `Indices` that do it.
    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound>;
}

/// An extension whose requests and replies are data, so that the engine makes the call and a receipt comes of it.
pub trait Typed: Extension {
    /// What is asked of the plugin.
    type Request: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What the plugin replies.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
    /// The functions of one instance.
    type Exports: Send + Sync + 'static;

    /// The functions of an instance.
    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports>;

    /// The function that serves the request, for the receipt.
    fn operation(request: &Self::Request) -> Arc<str>;

    /// How many events led to the request.
    fn hops(_request: &Self::Request) -> u32 {
        0
    }

    /// Calls it; the store's data has the subject. The outer error is a trap, the inner one the plugin's own.
    fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Self::Request,
    ) -> impl Future<Output = wasmtime::Result<Result<Self::Reply, String>>> + Send;
}

/// An extension whose type is forgotten, in the list of a host.
pub(crate) trait AnyExtension: Send + Sync {
    fn descriptor(&self) -> ExtensionDescriptor;
    fn room(&self) -> TypeId;
    fn bind(&self, pre: &InstancePre<Ctx>) -> wasmtime::Result<Arc<dyn Any + Send + Sync>>;
    fn contribution(&self, table: &RawTable) -> Result<Box<dyn Any + Send + Sync>, Problem>;
}

/// Stands for the extension `E` in a list.
pub(crate) struct Listed<E>(pub(crate) std::marker::PhantomData<fn() -> E>);

impl<E: Extension> AnyExtension for Listed<E> {
    fn descriptor(&self) -> ExtensionDescriptor {
        E::DESCRIPTOR
    }

    fn room(&self) -> TypeId {
        TypeId::of::<E>()
    }

    fn bind(&self, pre: &InstancePre<Ctx>) -> wasmtime::Result<Arc<dyn Any + Send + Sync>> {
        Ok(Arc::new(E::bind(pre)?))
    }

    fn contribution(&self, table: &RawTable) -> Result<Box<dyn Any + Send + Sync>, Problem> {
        Ok(Box::new(table.parse::<E::Contribution>()?))
    }
}
