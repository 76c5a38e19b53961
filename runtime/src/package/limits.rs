//! How much a package may declare.

/// The limits of the scan. They are wide: ten times what large real components have (a Python interpreter in a
/// component is 18 MB with 40 imports). They keep the scan within 5 s and 512 MiB on any input.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ScanLimits;

/// Makes the constants and a list of them, so that nothing that shows them leaves one out.
macro_rules! scan_limits {
    ($($(#[doc = $about:expr])+ pub const $name:ident: $type:ty = $value:expr;)+) => {
        impl ScanLimits {
            $($(#[doc = $about])+ pub const $name: $type = $value;)+

            /// Every limit: its name, its value, and its documentation.
            pub const ALL: &'static [(&'static str, u64, &'static str)] =
                &[$((stringify!($name), $value as u64, concat!($($about),+)),)+];
        }
    };
}

scan_limits! {
    /// Bytes of a package: 64 MiB. It is held in memory while it is read.
    pub const PACKAGE_BYTES: usize = 64 << 20;
    /// Components within components, and types within types: 32. Readers and validators recurse on types.
    pub const NESTING: usize = 32;
    /// Levels of a value type (a list of lists ...): 64. Code that lifts values recurses on them.
    pub const TYPE_DEPTH: u32 = 64;
    /// Sections of all modules and components: 100,000. An empty section takes three bytes and a microsecond.
    pub const SECTIONS: u64 = 100_000;
    /// Nested components: 1,000.
    pub const COMPONENTS: u64 = 1_000;
    /// Core modules: 1,000.
    pub const CORE_MODULES: u64 = 1_000;
    /// Component instances, multiplied through nested instantiation: 1,000. A kilobyte can ask for 2^26.
    pub const COMPONENT_INSTANCES: u64 = 1_000;
    /// Core instances, multiplied: 1,000.
    pub const CORE_INSTANCES: u64 = 1_000;
    /// Memories, multiplied: 100. Each reserves address space.
    pub const MEMORIES: u64 = 100;
    /// Tables, multiplied: 1,000.
    pub const TABLES: u64 = 1_000;
    /// Memories of all modules, each module once: 100. A compiler makes an image of each that has data, also where nobody instantiates it.
    pub const DECLARED_MEMORIES: u64 = 100;
    /// Tables of all modules, each module once: 1,000.
    pub const DECLARED_TABLES: u64 = 1_000;
    /// The elements that these tables begin with: 1,000,000. A compiler makes an image of each table; 18 KB of them can take gigabytes.
    pub const DECLARED_TABLE_ELEMENTS: u64 = 1_000_000;
    /// Local variables of all functions: 5,000,000. A function of nine bytes can declare 50,000, which take four milliseconds to compile.
    pub const LOCALS: u64 = 5_000_000;
    /// Types of all modules and components: 50,000.
    pub const TYPES: u64 = 50_000;
    /// Functions of all modules: 100,000. 200,000 compile for ten seconds and take a gigabyte.
    pub const FUNCTIONS: u64 = 100_000;
    /// Imports of the component: 1,000.
    pub const IMPORTS: u64 = 1_000;
    /// Exports of the component: 1,000.
    pub const EXPORTS: u64 = 1_000;
    /// Imports and exports of all core modules: 100,000. A validator keeps twenty times their bytes.
    pub const CORE_NAMES: u64 = 100_000;
    /// Bytes of core sections other than code, data and custom ones: 8 MiB.
    pub const CORE_DECLARATION_BYTES: u64 = 8 << 20;
    /// Bytes of component sections other than nested modules, nested components and custom ones: 1 MiB. A validator
    /// keeps forty times their bytes.
    pub const COMPONENT_DECLARATION_BYTES: u64 = 1 << 20;
    /// The uses of types, each weighed by the size of the type: 500,000; large real components have thousands. A
    /// validator copies types with resources for every import, export and instantiation: without this, 100 KB of
    /// declarations take minutes and gigabytes.
    pub const TYPE_USES: u64 = 500_000;
    /// Bytes of code times the parameters and results of the module's widest function type: 1,000,000,000. Each call
    /// instruction is checked operand by operand.
    pub const CODE_WORK: u64 = 1_000_000_000;
    /// The same for one function: 32,000,000. A validator keeps the operands of one function at a time.
    pub const FUNCTION_WORK: u64 = 32_000_000;
}
