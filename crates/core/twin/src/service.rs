//! How the operations of a service are hung into the world: one line for each, from which the trait of the API is
//! implemented and the table of fidelity is checked.

/// Implements a trait of the API for [`World`](crate::World), and lists its methods as `IMPLEMENTED`.
///
/// Each line reads `method: Input -> Output = function;`, where the function takes the world, the call and the input.
/// Operations that are left out answer as AWS answers an unknown action.
macro_rules! service {
    ($trait:path, $api:ident; $($method:ident: $input:ident -> $output:ident = $function:path;)*) => {
        impl $trait for $crate::World {
            type Call = $crate::Call;
            $(
                fn $method(
                    &mut self,
                    call: &Self::Call,
                    input: $api::$input,
                ) -> Result<$api::$output, stackfleet_api::Error> {
                    $function(self, call, input)
                }
            )*
        }

        /// The operations of this service that do something, by method name.
        pub(crate) const IMPLEMENTED: &[&str] = &[$(stringify!($method)),*];
    };
}
pub(crate) use service;
