//! The bare side: wasmtime alone, as a careful embedder would use it. The same component, payload, engine settings, limiter and world data
//! as the other side, and nothing else. Read this file to see what the ratios compare with.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis::capability::port::{Port, WorldReply, WorldRequest};
use portcullis::engine::{Metering, config};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package portcullis:bare; world bare {
            include portcullis:plugin/uses-world-read@0.1.0;
            include portcullis:plugin/provides-conditions@0.1.0;
        }",
        imports: { default: async },
        exports: { default: async },
    });
}

use bindings::exports::portcullis::plugin::conditions::Subject;
use bindings::portcullis::plugin::types::{self, Error};
use bindings::portcullis::plugin::world_read;
use bindings::{Bare as Exports, BarePre};

/// Wall time of a call.
pub const WALL: Duration = Duration::from_secs(10);
const MEMORY: usize = 64 * 1024 * 1024;
const TABLE: usize = 20_000;

/// What a store holds.
pub struct State {
    deadline: Instant,
    memory: usize,
    world: Arc<dyn Port<WorldRequest>>,
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.memory += desired - current;
        Ok(self.memory <= MEMORY)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE)
    }
}

impl types::Host for State {}

impl world_read::Host for State {
    async fn get_world(&mut self) -> Result<world_read::World, Error> {
        match self
            .world
            .call(WorldRequest::World {
                world: "meadow".into(),
            })
            .await
        {
            Ok(WorldReply::World(world)) => Ok(world_read::World {
                id: world.id,
                name: world.name,
                hour: world.hour,
            }),
            _ => Err(Error::NotFound),
        }
    }

    async fn get_config(&mut self, _: String) -> Result<String, Error> {
        ready(Err(Error::NotFound)).await
    }

    async fn list_locations(&mut self) -> Result<Vec<world_read::Location>, Error> {
        ready(Err(Error::NotFound)).await
    }

    async fn list_npcs(&mut self) -> Result<Vec<String>, Error> {
        ready(Err(Error::NotFound)).await
    }
}

/// The component, linked.
pub struct Bare {
    engine: Engine,
    pre: BarePre<State>,
    world: Arc<dyn Port<WorldRequest>>,
}

/// A live instance.
pub struct Warm {
    store: Store<State>,
    exports: Exports,
}

impl Bare {
    pub fn new(component: &[u8], world: Arc<dyn Port<WorldRequest>>) -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(Metering::Clock, true))?;
        let ticker = engine.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(1));
                ticker.increment_epoch();
            }
        });
        let mut linker = Linker::new(&engine);
        Exports::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        let component = Component::from_binary(&engine, component)?;
        let pre: InstancePre<State> = linker.instantiate_pre(&component)?;
        Ok(Self {
            engine,
            pre: BarePre::new(pre)?,
            world,
        })
    }

    /// A fresh instance.
    pub async fn instance(&self) -> wasmtime::Result<Warm> {
        let state = State {
            deadline: Instant::now() + WALL,
            memory: 0,
            world: self.world.clone(),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| state);
        interruptible(&mut store, |state| state.deadline);
        let exports = self.pre.instantiate_async(&mut store).await?;
        Ok(Warm { store, exports })
    }
}

/// Ends what runs in a store at its deadline, and lets others run until then.
pub fn interruptible<T: 'static>(store: &mut Store<T>, deadline: fn(&T) -> Instant) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |store| {
        if Instant::now() >= deadline(store.data()) {
            return Ok(UpdateDeadline::Interrupt);
        }
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        ))
    });
}

impl Warm {
    /// One call.
    pub async fn evaluate(
        &mut self,
        name: &str,
        params: &str,
    ) -> wasmtime::Result<Result<bool, String>> {
        self.store.set_epoch_deadline(1);
        self.store.data_mut().deadline = Instant::now() + WALL;
        let subject = Subject {
            world: "meadow".to_owned(),
            session: None,
            npc: Some("n1".to_owned()),
        };
        let conditions = self.exports.portcullis_plugin_conditions();
        conditions
            .call_evaluate(&mut self.store, name, &subject, params)
            .await
    }
}
