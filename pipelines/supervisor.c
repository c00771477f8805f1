#include "pipelines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/handed.h"
#include "lib/log.h"
#include "lib/stop.h"
#include "pipelines/supervisor_sockets.h"

#define FIRST_DELAY_MS 200
#define LONGEST_DELAY_MS 30000
#define PROVEN_MS 60000 /* a child that has lived so long is no crash loop */
#define GLANCE_MS 200   /* a stop request may come just before the wait */
#define GLANCE_RENEWING_MS 20
#define EXIT_USAGE 2

struct process {
    pid_t pid; /* 0 = not running */
    int ready; /* a pipe, on which it says that it is; -1: it did, or does not say */
    int64_t started_us;
};

struct child {
    const struct supervisor_role *role;
    struct process now;
    struct process next;     /* takes over once it is ready */
    struct leaving *leaving; /* asked to end */
    int64_t restart_us;      /* while not running */
    int delay_ms;            /* the last one */
    bool is_later;           /* not the first start: it has taken the pipeline file once */
};

struct leaving {
    struct leaving *other;
    struct process process;
    int64_t until_us; /* then it is killed */
    bool is_late;
};

struct supervisor {
    const struct supervisor_conf *conf;
    struct child *children;
    struct sockets sockets;                 /* of "now" */
    struct sockets next_sockets;            /* of "next"; shares what is the same */
    bool is_renewing;                       /* there are "next" */
    bool is_known;                          /* whoever started this one was told that it is ready */
    const struct supervisor_role *hopeless; /* ended with EXIT_USAGE */
    sigset_t signals;
    int pid_file;
};

/* ---- starting ---- */

/* In the child, between fork and exec. */
static _Noreturn void become(const struct supervisor *s, const struct supervisor_role *role,
                             const struct sockets *sockets, int ready, pid_t parent)
{
    const char *program = s->conf->program != NULL ? s->conf->program : "/proc/self/exe";
    const char *argv[6] = {"sluice", "-p", s->conf->pipeline_path, role->name, role->option, NULL};
    /* Its own group: Ctrl-C reaches the supervisor alone, which then drains in order. */
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)sigprocmask(SIG_UNBLOCK, &s->signals, NULL);
    sockets_give(role->listens ? sockets : &SOCKETS_NONE, ready);
    if (getppid() == parent)
        (void)execv(program, (char *const *)argv);
    _exit(127);
}

static bool start(struct supervisor *s, const struct supervisor_role *role,
                  const struct sockets *sockets, struct process *to)
{
    pid_t parent = getpid();
    int ends[2] = {-1, -1}; /* without a pipe it is taken for ready at once */
    if (role->listens)
        (void)!pipe2(ends, O_CLOEXEC | O_NONBLOCK);
    pid_t pid = fork();
    if (pid == 0)
        become(s, role, sockets, ends[1], parent);
    int cause = errno;
    if (ends[1] >= 0)
        (void)close(ends[1]);
    *to = (struct process){.pid = pid, .ready = ends[0], .started_us = clock_monotonic_us()};
    if (pid > 0) {
        LOG_INFO("role started", LOG_STR("child", role->name), LOG_INT("pid", pid));
        return true;
    }
    LOG_ERROR("role could not be started", LOG_STR("child", role->name),
              LOG_STR("reason", strerror(cause)));
    if (ends[0] >= 0)
        (void)close(ends[0]);
    *to = (struct process){.ready = -1};
    return false;
}

static bool is_idle(const struct supervisor *s, const struct child *child)
{
    const char *idle = s->sockets.plan.idle;
    return idle != NULL && strcmp(idle, child->role->name) == 0;
}

/* A role that does not listen has one process at a time. */
static void start_due(struct supervisor *s)
{
    int64_t now_us = clock_monotonic_us();
    for (size_t i = 0; i < s->conf->role_count; i++) {
        struct child *child = &s->children[i];
        bool is_free = !is_idle(s, child) && (child->role->listens || child->leaving == NULL);
        if (child->now.pid == 0 && child->restart_us <= now_us && is_free &&
            !start(s, child->role, &s->sockets, &child->now))
            child->restart_us = now_us + LONGEST_DELAY_MS * US_PER_MS;
    }
}

/* ---- ending ---- */

static void log_end(const struct supervisor_role *role, const struct process *process, int status,
                    bool wanted)
{
    enum log_level level = wanted ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;
    int64_t lived_ms = (clock_monotonic_us() - process->started_us) / US_PER_MS;
    if (WIFSIGNALED(status))
        LOG_AT(level, "role was killed", LOG_STR("child", role->name), LOG_INT("pid", process->pid),
               LOG_INT("signal", WTERMSIG(status)), LOG_INT("lived_ms", lived_ms));
    else
        LOG_AT(level, "role ended", LOG_STR("child", role->name), LOG_INT("pid", process->pid),
               LOG_INT("exit", WEXITSTATUS(status)), LOG_INT("lived_ms", lived_ms));
}

static void clear(struct process *process)
{
    if (process->ready >= 0)
        (void)close(process->ready);
    *process = (struct process){.ready = -1};
}

static void schedule(struct child *child, const struct process *ended)
{
    int64_t now = clock_monotonic_us();
    bool proven = now - ended->started_us >= PROVEN_MS * US_PER_MS;
    int doubled = child->delay_ms * 2 < LONGEST_DELAY_MS ? child->delay_ms * 2 : LONGEST_DELAY_MS;
    child->delay_ms = proven || child->delay_ms == 0 ? FIRST_DELAY_MS : doubled;
    child->restart_us = now + child->delay_ms * US_PER_MS;
    child->is_later = true;
    LOG_INFO("role starts anew", LOG_STR("child", child->role->name),
             LOG_INT("in_ms", child->delay_ms));
}

/* Asks a process to end, and takes it out of its place. */
static void retire(struct supervisor *s, struct child *child, struct process *process)
{
    if (process->pid == 0)
        return;
    struct leaving *leaving = xcalloc(1, sizeof *leaving);
    *leaving = (struct leaving){.other = child->leaving,
                                .process = *process,
                                .until_us = clock_monotonic_us() + s->conf->drain_ms * US_PER_MS};
    child->leaving = leaving;
    (void)kill(process->pid, SIGTERM);
    leaving->process.ready = -1;
    clear(process);
}

static void kill_late(struct supervisor *s, struct child *child)
{
    int64_t now_us = clock_monotonic_us();
    for (struct leaving *one = child->leaving; one != NULL; one = one->other) {
        if (one->is_late || one->until_us > now_us)
            continue;
        LOG_ERROR("role did not drain in time and is killed", LOG_STR("child", child->role->name),
                  LOG_INT("pid", one->process.pid), LOG_INT("drain_ms", s->conf->drain_ms));
        (void)kill(one->process.pid, SIGKILL);
        one->is_late = true;
    }
}

static bool forget_leaving(struct child *child, pid_t pid, int status)
{
    for (struct leaving **place = &child->leaving; *place != NULL; place = &(*place)->other) {
        struct leaving *one = *place;
        if (one->process.pid != pid)
            continue;
        log_end(child->role, &one->process, status, true);
        *place = one->other;
        free(one);
        return true;
    }
    return false;
}

/* ---- renewing ---- */

/* The old roles go on. */
static void give_up_renewal(struct supervisor *s)
{
    for (size_t i = 0; i < s->conf->role_count; i++)
        retire(s, &s->children[i], &s->children[i].next);
    sockets_close(&s->next_sockets, &s->sockets);
    s->is_renewing = false;
}

static enum rc make_plan(struct supervisor *s, struct supervisor_plan *plan_out, struct err *err)
{
    bool listens = false;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < s->conf->role_count; i++)
        listens = listens || s->conf->roles[i].listens;
    if (s->conf->plan != NULL)
        rc = s->conf->plan(s->conf->context, plan_out, err);
    if (!listens)
        plan_out->hooks[0] = plan_out->admin[0] = '\0';
    return rc;
}

static void log_refused(const struct err *err)
{
    LOG_ERROR(
        "the pipeline file is not taken over, the roles go on as they are; correct it (sluice "
        "check says what is wrong), then send SIGHUP again",
        LOG_STR("error", err->msg));
}

static void begin_renewal(struct supervisor *s)
{
    struct supervisor_plan plan = {.hooks = ""};
    struct err err = {0};
    LOG_INFO("SIGHUP: reading the pipeline file again");
    if (make_plan(s, &plan, &err) != RC_OK) {
        log_refused(&err);
        return;
    }
    if (s->is_renewing)
        give_up_renewal(s);
    if (sockets_renew(&s->sockets, &plan, &s->next_sockets, &err) != RC_OK) {
        log_refused(&err);
        return;
    }
    s->is_renewing = true;
    for (size_t i = 0; i < s->conf->role_count && s->is_renewing; i++)
        if (s->children[i].role->listens &&
            !start(s, s->children[i].role, &s->next_sockets, &s->children[i].next))
            give_up_renewal(s);
}

/* Takes note of a byte in the pipe, or of its end: without a word, but then the process ends too.
 */
static bool is_ready(struct process *process)
{
    char byte;
    if (process->ready >= 0 && read(process->ready, &byte, 1) == 1) {
        (void)close(process->ready);
        process->ready = -1;
    }
    return process->pid > 0 && process->ready < 0;
}

static bool are_successors_ready(struct supervisor *s)
{
    for (size_t i = 0; i < s->conf->role_count; i++)
        if (s->children[i].role->listens && !is_ready(&s->children[i].next))
            return false;
    return true;
}

static void take_over(struct supervisor *s)
{
    for (size_t i = 0; i < s->conf->role_count; i++) {
        struct child *child = &s->children[i];
        retire(s, child, &child->now);
        if (child->role->listens) {
            child->now = child->next;
            child->next = (struct process){.ready = -1};
        }
        child->restart_us = 0;
        child->delay_ms = 0;
        child->is_later = true;
    }
    struct sockets old = s->sockets;
    s->sockets = s->next_sockets;
    s->next_sockets = SOCKETS_NONE;
    sockets_close(&old, &s->sockets);
    s->is_renewing = false;
    LOG_INFO("the new roles have taken over");
}

static void tell_when_ready(struct supervisor *s)
{
    if (s->is_known)
        return;
    for (size_t i = 0; i < s->conf->role_count; i++)
        if (!is_idle(s, &s->children[i]) && !is_ready(&s->children[i].now))
            return;
    s->is_known = true;
    handed_ready();
}

/* ---- children that end ---- */

static void on_end(struct supervisor *s, struct child *child, pid_t pid, int status, bool stopping)
{
    bool is_next = child->next.pid == pid;
    struct process ended = is_next ? child->next : child->now;
    bool is_usage = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE;
    log_end(child->role, &ended, status, stopping);
    clear(is_next ? &child->next : &child->now);
    if (stopping)
        return;
    if (is_next) {
        LOG_ERROR("the new role ended before it was ready, the roles go on as they are; its own "
                  "message stands above",
                  LOG_STR("child", child->role->name));
        give_up_renewal(s);
    } else if (is_usage && !child->is_later) {
        s->hopeless = child->role;
    } else {
        schedule(child, &ended);
    }
}

/* Takes note of every child that has ended. stopping: nobody is started anew. */
static void reap(struct supervisor *s, bool stopping)
{
    int status;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG))
        for (size_t i = 0; i < s->conf->role_count; i++) {
            struct child *child = &s->children[i];
            if (child->now.pid == pid || child->next.pid == pid)
                on_end(s, child, pid, status, stopping);
            else if (!forget_leaving(child, pid, status))
                continue;
            break;
        }
}

/* Returns whether SIGHUP came. */
static bool wait_for_event(struct supervisor *s)
{
    int ms = s->is_renewing ? GLANCE_RENEWING_MS : GLANCE_MS;
    struct timespec glance = {.tv_nsec = ms * 1000000L};
    siginfo_t info;
    bool is_hup = sigtimedwait(&s->signals, &info, &glance) == SIGHUP;
    if (is_hup && info.si_code == SI_KERNEL)
        stop_request();
    return is_hup && info.si_code != SI_KERNEL;
}

static void drain(struct supervisor *s, struct child *child)
{
    retire(s, child, &child->next);
    retire(s, child, &child->now);
    while (child->leaving != NULL) {
        (void)wait_for_event(s);
        reap(s, true);
        kill_late(s, child);
    }
}

/* ---- the pid file ---- */

static enum rc hold_pid_file(struct supervisor *s, struct err *err)
{
    const char *path = s->conf->pid_file;
    if (path == NULL)
        return RC_OK;
    s->pid_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (s->pid_file < 0)
        return err_set(err, RC_FATAL, "cannot open pid file \"%s\": %s", path, strerror(errno));
    if (flock(s->pid_file, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, RC_FATAL, "pid file \"%s\" is held by another run; stop that one first",
                       path);
    if (ftruncate(s->pid_file, 0) != 0 || dprintf(s->pid_file, "%d\n", (int)getpid()) < 0)
        return err_set(err, RC_FATAL, "cannot write pid file \"%s\": %s", path, strerror(errno));
    return RC_OK;
}

static void release_pid_file(struct supervisor *s, bool held)
{
    if (s->pid_file < 0)
        return;
    if (held)
        (void)unlink(s->conf->pid_file);
    (void)close(s->pid_file);
}

/* ---- the loop ---- */

static void turn(struct supervisor *s)
{
    start_due(s);
    bool is_hup = wait_for_event(s);
    reap(s, false);
    for (size_t i = 0; i < s->conf->role_count; i++)
        kill_late(s, &s->children[i]);
    if (is_hup)
        begin_renewal(s);
    if (s->is_renewing && are_successors_ready(s))
        take_over(s);
    tell_when_ready(s);
}

/* The sockets first: with the last receiver they are closed, and nobody waits for an answer. */
static enum rc supervise(struct supervisor *s, struct err *err)
{
    while (!stop_requested() && s->hopeless == NULL)
        turn(s);
    LOG_INFO("draining");
    handed_stopping();
    sockets_close(&s->next_sockets, &s->sockets);
    sockets_close(&s->sockets, NULL);
    for (size_t i = 0; i < s->conf->role_count; i++)
        drain(s, &s->children[i]);
    if (s->hopeless == NULL)
        return RC_OK;
    return err_set(err, RC_REJECT,
                   "role %s refuses its arguments or the pipeline file (exit code 2), so all roles "
                   "were stopped; its own message stands above",
                   s->hopeless->name);
}

static enum rc open_sockets(struct supervisor *s, struct err *err)
{
    struct supervisor_plan plan = {.hooks = ""};
    enum rc rc = make_plan(s, &plan, err);
    return rc == RC_OK ? sockets_open(&plan, &s->sockets, err) : rc;
}

static void init(struct supervisor *s)
{
    (void)sigemptyset(&s->signals);
    (void)sigaddset(&s->signals, SIGCHLD);
    (void)sigaddset(&s->signals, SIGHUP);
    s->children = xcalloc(s->conf->role_count, sizeof *s->children);
    for (size_t i = 0; i < s->conf->role_count; i++)
        s->children[i] =
            (struct child){.role = &s->conf->roles[i], .now = {.ready = -1}, .next = {.ready = -1}};
}

enum rc supervisor_run(const struct supervisor_conf *conf, struct err *err)
{
    struct supervisor s = {
        .conf = conf, .sockets = SOCKETS_NONE, .next_sockets = SOCKETS_NONE, .pid_file = -1};
    sigset_t before;
    init(&s);
    (void)sigprocmask(SIG_BLOCK, &s.signals, &before);
    enum rc rc = hold_pid_file(&s, err);
    bool held = rc == RC_OK;
    if (rc == RC_OK)
        rc = open_sockets(&s, err);
    if (rc == RC_OK)
        rc = supervise(&s, err);
    sockets_close(&s.sockets, NULL);
    release_pid_file(&s, held);
    free(s.children);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return rc;
}
