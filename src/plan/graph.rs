//! Orders the tasks of a plan: what waits for what, what may run together.
//!
//! In: tasks. Out: waves, groups, an order to land in, cycles, dependents, pairs that change the same files.
//! Dependencies that name no task of the list are taken as met; `load` refuses them. Does not decide whether
//! anything runs in parallel; `decide` does.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::glob::Pattern;
use super::{Status, Task, TaskId};

/// What may run at the same time, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Waves {
    /// Each task's dependencies are in earlier waves, and no two tasks of a wave change the same file or name the same
    /// shared resource.
    pub waves: Vec<Vec<TaskId>>,
    /// The waves, cut to the number of agents that may run at the same time.
    pub groups: Vec<Vec<TaskId>>,
}

/// Groups tasks in waves and those in groups of at most `max_agents` (at least 1).
///
/// A task goes into the first wave after those of its dependencies in which no task of higher rank (priority,
/// then place in the index) changes the same file or names the same shared resource. Tasks of a cycle come last, one a wave.
pub fn waves(tasks: &[Task], max_agents: usize) -> Waves {
    let graph = Graph::of(tasks);
    let uses: Vec<Uses<'_>> = tasks.iter().map(Uses::of).collect();
    let mut wave_of: Vec<Option<usize>> = vec![None; tasks.len()];
    let mut waves: Vec<Vec<TaskId>> = Vec::new();
    let mut waiting = graph.by_rank();
    while !waiting.is_empty() {
        let number = waves.len();
        let mut wave: Vec<usize> = Vec::new();
        for &task in &waiting {
            let ready = graph.needs[task].iter().all(|&need| wave_of[need].is_some_and(|wave| wave < number));
            if ready && !wave.iter().any(|&other| uses[task].meets(&uses[other])) {
                wave_of[task] = Some(number);
                wave.push(task);
            }
        }
        if wave.is_empty() {
            wave.push(waiting[0]);
            wave_of[waiting[0]] = Some(number);
        }
        waiting.retain(|&task| wave_of[task].is_none());
        waves.push(wave.into_iter().map(|task| tasks[task].id.clone()).collect());
    }
    let groups =
        waves.iter().flat_map(|wave| wave.chunks(max_agents.max(1)).map(<[TaskId]>::to_vec)).collect();
    Waves { waves, groups }
}

/// All tasks, each after its dependencies; among those that could be next, by priority, then by place in the
/// index. Tasks of a cycle, and what waits for them, come last.
pub fn order(tasks: &[Task]) -> Vec<TaskId> {
    let graph = Graph::of(tasks);
    let mut missing: Vec<usize> = graph.needs.iter().map(Vec::len).collect();
    let mut ready: BinaryHeap<_> =
        (0..tasks.len()).filter(|&task| missing[task] == 0).map(|task| Reverse(graph.rank(task))).collect();
    let mut order = Vec::with_capacity(tasks.len());
    while let Some(Reverse((_, task))) = ready.pop() {
        order.push(task);
        for &next in &graph.needed_by[task] {
            missing[next] -= 1;
            if missing[next] == 0 {
                ready.push(Reverse(graph.rank(next)));
            }
        }
    }
    let left = graph.by_rank().into_iter().filter(|&task| missing[task] > 0);
    order.into_iter().chain(left).map(|task| tasks[task].id.clone()).collect()
}

/// A cycle of dependencies, if there is one: each task depends on the next, the last on the first.
pub fn find_cycle(tasks: &[Task]) -> Option<Vec<TaskId>> {
    cycles(tasks).into_iter().next()
}

/// Cycles of dependencies, one for each knot of tasks that wait for each other. Each starts with the task
/// that comes first in the index.
pub fn cycles(tasks: &[Task]) -> Vec<Vec<TaskId>> {
    let graph = Graph::of(tasks);
    let mut search =
        Search { state: vec![Visit::New; tasks.len()], reported: BTreeSet::new(), found: Vec::new() };
    for task in 0..tasks.len() {
        search.from(&graph, task);
    }
    search
        .found
        .into_iter()
        .map(|cycle| cycle.into_iter().map(|task| tasks[task].id.clone()).collect())
        .collect()
}

/// Every task that waits for this one, directly or through others.
pub fn dependents(tasks: &[Task], id: &TaskId) -> BTreeSet<TaskId> {
    let graph = Graph::of(tasks);
    let Some(start) = tasks.iter().position(|task| task.id == *id) else { return BTreeSet::new() };
    Graph::reach(start, &graph.needed_by).into_iter().map(|task| tasks[task].id.clone()).collect()
}

/// The places of all tasks that the one at this place waits for, directly or through others.
pub(super) fn dependencies(tasks: &[Task], task: usize) -> BTreeSet<usize> {
    Graph::reach(task, &Graph::of(tasks).needs)
}

/// A task that could run at the same time as others before it but for files that both change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clash {
    /// Its place in the list of tasks.
    pub(super) task: usize,
    /// Those of the others.
    pub(super) others: Vec<usize>,
    /// As it declares them.
    pub(super) files: Vec<String>,
}

/// All such tasks, in their order.
pub(super) fn clashes(tasks: &[Task]) -> Vec<Clash> {
    let graph = Graph::of(tasks);
    let changed: Vec<Vec<Pattern>> = tasks.iter().map(patterns).collect();
    let reach: Vec<BTreeSet<usize>> = (0..tasks.len()).map(|task| Graph::reach(task, &graph.needs)).collect();
    let mut clashes = Vec::new();
    for task in 0..tasks.len() {
        let (mut others, mut shared) = (Vec::new(), BTreeSet::new());
        for other in (0..task).filter(|other| !reach[task].contains(other) && !reach[*other].contains(&task))
        {
            let meets = |file: &Pattern| changed[other].iter().any(|theirs| file.meets(theirs));
            let common: Vec<usize> = (0..changed[task].len()).filter(|&n| meets(&changed[task][n])).collect();
            if !common.is_empty() {
                others.push(other);
                shared.extend(common);
            }
        }
        if !others.is_empty() {
            let files = tasks[task].files.changed().enumerate().filter(|(n, _)| shared.contains(n));
            clashes.push(Clash { task, others, files: files.map(|(_, file)| file.to_owned()).collect() });
        }
    }
    clashes
}

/// About how many steps comparing the declared files of all tasks takes.
pub(super) fn comparisons(tasks: &[Task]) -> usize {
    let (mut files, mut in_globs, mut in_all) = (0_usize, 0_usize, 0_usize);
    for file in tasks.iter().flat_map(|task| task.files.changed()) {
        files += 1;
        in_all += file.len();
        if Pattern::parse(file).is_glob() {
            in_globs += file.len();
        }
    }
    files.saturating_mul(files).saturating_add(in_globs.saturating_mul(in_all))
}

fn patterns(task: &Task) -> Vec<Pattern> {
    task.files.changed().map(Pattern::parse).collect()
}

/// What a task must have for itself while it runs and until it has landed.
struct Uses<'a> {
    task: &'a Task,
    patterns: Vec<Pattern>,
}

impl<'a> Uses<'a> {
    fn of(task: &'a Task) -> Self {
        Self { task, patterns: patterns(task) }
    }

    fn meets(&self, other: &Self) -> bool {
        self.common(other).is_some()
    }

    /// The first file, as this task declares it, or resource that both have.
    fn common(&self, other: &Self) -> Option<String> {
        let meets = |pattern: &Pattern| other.patterns.iter().any(|theirs| pattern.meets(theirs));
        let file = self.patterns.iter().position(meets);
        let file = file.and_then(|n| self.task.files.changed().nth(n)).map(str::to_owned);
        let named = |resource: &&String| other.task.shared_resources.contains(resource);
        file.or_else(|| self.task.shared_resources.iter().find(named).cloned())
    }
}

/// A task that could start but for another one that has not landed and uses the same file or resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The task that comes first.
    pub before: TaskId,
    /// The file, as the waiting task declares it, or the shared resource.
    pub over: String,
}

/// The tasks that wait for their turn, though all they depend on has landed.
///
/// Work that was begun comes first: what is under way, handed in, or completed and not landed. Of the others, blocked
/// ones come before pending ones, then rank decides. A failed task, and what depends on it, holds up nobody: its turn
/// comes again with `ctx task retry`.
pub fn turns(tasks: &[Task], landed: &BTreeSet<TaskId>) -> HashMap<TaskId, Turn> {
    let graph = Graph::of(tasks);
    let is_landed: Vec<bool> = tasks.iter().map(|task| landed.contains(&task.id)).collect();
    let uses: Vec<Uses<'_>> = tasks.iter().map(Uses::of).collect();
    let begun = |task: &usize| {
        let under_way =
            matches!(tasks[*task].status, Status::InProgress | Status::Submitted | Status::Completed);
        under_way && !is_landed[*task]
    };
    let mut ahead: Vec<usize> = (0..tasks.len()).filter(begun).collect();
    let mut waiting: Vec<usize> = (0..tasks.len())
        .filter(|&task| matches!(tasks[task].status, Status::Pending | Status::Blocked))
        .filter(|&task| graph.needs[task].iter().all(|&need| is_landed[need]))
        .collect();
    waiting.sort_by_key(|&task| (tasks[task].status != Status::Blocked, graph.rank(task)));
    let mut turns = HashMap::new();
    for task in waiting {
        let first = ahead.iter().find_map(|&other| Some((other, uses[task].common(&uses[other])?)));
        match first {
            Some((other, over)) => {
                turns.insert(tasks[task].id.clone(), Turn { before: tasks[other].id.clone(), over });
            }
            None => ahead.push(task),
        }
    }
    turns
}

/// Dependencies by place in the list of tasks.
struct Graph {
    needs: Vec<Vec<usize>>,
    needed_by: Vec<Vec<usize>>,
    ranks: Vec<super::Priority>,
}

impl Graph {
    fn of(tasks: &[Task]) -> Self {
        let places: HashMap<&TaskId, usize> =
            tasks.iter().enumerate().map(|(n, task)| (&task.id, n)).collect();
        let mut needed_by = vec![Vec::new(); tasks.len()];
        let mut needs = Vec::with_capacity(tasks.len());
        for (n, task) in tasks.iter().enumerate() {
            let mut own: Vec<usize> =
                task.dependencies.iter().filter_map(|id| places.get(id).copied()).collect();
            own.sort_unstable();
            own.dedup();
            for &need in &own {
                needed_by[need].push(n);
            }
            needs.push(own);
        }
        Self { needs, needed_by, ranks: tasks.iter().map(|task| task.priority).collect() }
    }

    fn rank(&self, task: usize) -> (super::Priority, usize) {
        (self.ranks[task], task)
    }

    fn by_rank(&self) -> Vec<usize> {
        let mut tasks: Vec<usize> = (0..self.ranks.len()).collect();
        tasks.sort_by_key(|&task| self.rank(task));
        tasks
    }

    /// What `start` leads to along `edges`; itself only where it is on a cycle.
    fn reach(start: usize, edges: &[Vec<usize>]) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(task) = open.pop() {
            open.extend(edges[task].iter().copied().filter(|&next| reached.insert(next)));
        }
        reached
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Done,
}

/// Depth first, with a stack of its own: a chain of tasks may be long.
struct Search {
    state: Vec<Visit>,
    reported: BTreeSet<usize>,
    found: Vec<Vec<usize>>,
}

impl Search {
    fn from(&mut self, graph: &Graph, start: usize) {
        if self.state[start] != Visit::New {
            return;
        }
        self.state[start] = Visit::Open;
        // The path from `start`, each task with the number of its dependencies that were followed.
        let mut path = vec![(start, 0)];
        while let Some((task, followed)) = path.last_mut() {
            let Some(&next) = graph.needs[*task].get(*followed) else {
                self.state[*task] = Visit::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            match self.state[next] {
                Visit::New => {
                    self.state[next] = Visit::Open;
                    path.push((next, 0));
                }
                Visit::Open => {
                    self.report(path.iter().map(|&(task, _)| task).skip_while(|&task| task != next));
                }
                Visit::Done => {}
            }
        }
    }

    fn report(&mut self, cycle: impl Iterator<Item = usize>) {
        let mut cycle: Vec<usize> = cycle.collect();
        // One cycle a knot is enough: the others change with it.
        if cycle.iter().any(|task| self.reported.contains(task)) {
            return;
        }
        self.reported.extend(&cycle);
        let first = cycle.iter().enumerate().min_by_key(|(_, task)| **task).map_or(0, |(n, _)| n);
        cycle.rotate_left(first);
        self.found.push(cycle);
    }
}
