//! What a long command is doing, for whoever shows it.

/// Is told of every step as it begins; called from several threads.
pub trait Steps: Sync {
    /// `name`, a task or a slot, is at this step from now on.
    fn step(&self, name: &str, step: &str);
    /// `name` is finished, well or not.
    fn done(&self, name: &str);
}

/// Nobody looks.
impl Steps for () {
    fn step(&self, _name: &str, _step: &str) {}
    fn done(&self, _name: &str) {}
}
