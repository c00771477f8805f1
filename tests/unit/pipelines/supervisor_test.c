#include "pipelines/supervisor.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/stop.h"

/* The role is a shell script that writes what it does to "events"; $2 is the pipeline path, $3 the
 * role's name. */
struct stage {
    char folder[32];
    char program[64];
    char events[64];
    char pid_file[64];
};

static struct stage set_up(const char *script)
{
    struct stage stage = {.folder = "/tmp/sluice-run-XXXXXX"};
    assert_non_null(mkdtemp(stage.folder));
    (void)snprintf(stage.program, sizeof stage.program, "%s/role", stage.folder);
    (void)snprintf(stage.events, sizeof stage.events, "%s/events", stage.folder);
    (void)snprintf(stage.pid_file, sizeof stage.pid_file, "%s/pid", stage.folder);
    FILE *file = fopen(stage.program, "w");
    assert_non_null(file);
    (void)fprintf(file, "#!/bin/sh\nevents=%s\n%s\n", stage.events, script);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(stage.program, 0755), 0);
    return stage;
}

static void tear_down(struct stage *stage)
{
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", stage->folder);
    assert_int_equal(system(command), 0);
}

static void events_of(const struct stage *stage, char *text, size_t size)
{
    FILE *file = fopen(stage->events, "r");
    size_t n = file != NULL ? fread(text, 1, size - 1, file) : 0;
    text[n] = '\0';
    if (file != NULL)
        (void)fclose(file);
}

static size_t count_of(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word))
        n++;
    return n;
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static void wait_for_events(const struct stage *stage, const char *word, size_t count)
{
    char text[4096];
    for (int i = 0; i < 500; i++) {
        events_of(stage, text, sizeof text);
        if (count_of(text, word) >= count)
            return;
        pause_ms(20);
    }
    fail_msg("waited for %zu times \"%s\": %s", count, word, text);
}

static const struct supervisor_role plain_roles[] = {{.name = "first"},
                                                     {.name = "second", .option = "--follow"}};
static const struct supervisor_role listening_roles[] = {{.name = "first", .listens = true},
                                                         {.name = "second"}};

/* A file "broken" in the stage's folder is a fault. */
static enum rc plan(void *context, struct supervisor_plan *plan_out, struct err *err)
{
    const struct stage *stage = context;
    char broken[64];
    (void)snprintf(broken, sizeof broken, "%s/broken", stage->folder);
    *plan_out = (struct supervisor_plan){.hooks = "127.0.0.1:0", .admin = ""};
    return access(broken, F_OK) == 0 ? err_set(err, RC_REJECT, "broken") : RC_OK;
}

static pid_t supervise_roles(const struct stage *stage, const struct supervisor_role *roles,
                             int drain_ms)
{
    const struct supervisor_conf conf = {.program = stage->program,
                                         .pipeline_path = "the.yaml",
                                         .roles = roles,
                                         .role_count = 2,
                                         .pid_file = stage->pid_file,
                                         .drain_ms = drain_ms,
                                         .plan = plan,
                                         .context = (void *)(uintptr_t)stage};
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    struct err err;
    stop_install();
    _exit((int)supervisor_run(&conf, &err));
}

static pid_t supervise(const struct stage *stage, int drain_ms)
{
    return supervise_roles(stage, plain_roles, drain_ms);
}

static int result_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static const char steady[] = "trap 'sleep 0.1; echo \"drained $3\" >>$events; exit 0' TERM\n"
                             "echo \"started $*\" >>$events\n"
                             "while :; do sleep 0.05; done";

static void roles_start_and_drain_in_order(void **state)
{
    (void)state;
    char text[4096];
    struct stage stage = set_up(steady);
    pid_t pid = supervise(&stage, 5000);
    wait_for_events(&stage, "started", 2);
    pid_t second = supervise(&stage, 5000);
    assert_int_equal(result_of(second), RC_FATAL);
    assert_int_equal(access(stage.pid_file, F_OK), 0);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(result_of(pid), RC_OK);
    events_of(&stage, text, sizeof text);
    assert_non_null(strstr(text, "started -p the.yaml first\n"));
    assert_non_null(strstr(text, "started -p the.yaml second --follow\n"));
    assert_non_null(strstr(text, "drained first\ndrained second\n"));
    assert_int_equal(count_of(text, "started"), 2);
    assert_int_not_equal(access(stage.pid_file, F_OK), 0);
    tear_down(&stage);
}

static void a_role_that_ends_is_started_anew(void **state)
{
    (void)state;
    struct stage stage = set_up("echo \"started $3\" >>$events\n"
                                "[ $3 = first ] && exit 1\n"
                                "kill -9 $$");
    pid_t pid = supervise(&stage, 1000);
    wait_for_events(&stage, "started first", 3);
    wait_for_events(&stage, "started second", 3);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(result_of(pid), RC_OK);
    tear_down(&stage);
}

static void exit_code_two_ends_the_whole(void **state)
{
    (void)state;
    char text[4096];
    struct stage stage = set_up("[ $3 = second ] && exit 2\n"
                                "trap 'echo drained >>$events; exit 0' TERM\n"
                                "while :; do sleep 0.05; done");
    assert_int_equal(result_of(supervise(&stage, 5000)), RC_REJECT);
    events_of(&stage, text, sizeof text);
    assert_true(count_of(text, "drained") <= 1);
    tear_down(&stage);
}

static void a_role_that_does_not_drain_is_killed(void **state)
{
    (void)state;
    struct stage stage = set_up("trap '' TERM\necho started >>$events\nexec sleep 1000");
    pid_t pid = supervise(&stage, 200);
    wait_for_events(&stage, "started", 2);
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(result_of(pid), RC_OK);
    tear_down(&stage);
}

static void touch(const struct stage *stage, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", stage->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void put_away(const struct stage *stage, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", stage->folder, name);
    assert_int_equal(unlink(path), 0);
}

/* Says that it is ready once there is a file "go"; $sum names the socket that it was given. */
static const char listening[] =
    "here=$(dirname $events)\n"
    "end() { echo \"drained $3\" >>$events; exit 0; }\n"
    "trap 'end $*' TERM\n"
    "[ $3 = first ] && [ \"$LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES\" = \"$$ 1 hooks\" ] &&\n"
    "    sum=$(readlink /proc/$$/fd/3)\n"
    "echo \"started $3 $sum\" >>$events\n"
    "while :; do\n"
    "    [ \"$SLUICE_READY_FD\" ] && [ -e $here/go ] && {\n"
    "        echo ready >>$events; printf r >&4; exec 4>&-; SLUICE_READY_FD=; }\n"
    "    sleep 0.02\n"
    "done";

static void a_successor_takes_the_socket_over_once_it_is_ready(void **state)
{
    (void)state;
    char text[4096];
    struct stage stage = set_up(listening);
    pid_t pid = supervise_roles(&stage, listening_roles, 5000);
    wait_for_events(&stage, "started", 2);
    touch(&stage, "go");
    wait_for_events(&stage, "ready", 1);
    put_away(&stage, "go");
    assert_int_equal(kill(pid, SIGHUP), 0);
    wait_for_events(&stage, "started first", 2);
    pause_ms(300);
    events_of(&stage, text, sizeof text);
    assert_int_equal(count_of(text, "drained"), 0);
    touch(&stage, "go");
    wait_for_events(&stage, "drained first", 1);
    wait_for_events(&stage, "drained second", 1);
    wait_for_events(&stage, "started second", 2);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(result_of(pid), RC_OK);
    events_of(&stage, text, sizeof text);
    const char *socket = strstr(text, "started first socket:[");
    assert_non_null(socket);
    char line[64] = "";
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(socket, "\n"), socket);
    assert_int_equal(count_of(text, line), 2);
    assert_true(strstr(text, "ready\ndrained first") != NULL ||
                strstr(text, "ready\ndrained second") != NULL);
    tear_down(&stage);
}

static void all_goes_on_when_the_renewal_fails(void **state)
{
    (void)state;
    char text[4096];
    struct stage stage = set_up(listening);
    pid_t pid = supervise_roles(&stage, listening_roles, 5000);
    touch(&stage, "go");
    wait_for_events(&stage, "ready", 1);
    wait_for_events(&stage, "started second", 1);
    touch(&stage, "broken");
    assert_int_equal(kill(pid, SIGHUP), 0);
    pause_ms(500);
    put_away(&stage, "broken");
    put_away(&stage, "go");
    assert_int_equal(kill(pid, SIGHUP), 0);
    wait_for_events(&stage, "started first", 2);
    events_of(&stage, text, sizeof text);
    assert_int_equal(count_of(text, "started"), 3);
    assert_int_equal(count_of(text, "drained"), 0);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(result_of(pid), RC_OK);
    events_of(&stage, text, sizeof text);
    assert_int_equal(count_of(text, "drained first"), 2); /* the successor too */
    assert_int_equal(count_of(text, "drained second"), 1);
    tear_down(&stage);
}

static void exit_code_two_later_is_tried_again(void **state)
{
    (void)state;
    struct stage stage = set_up("mark=$events.$3\n"
                                "echo \"started $3\" >>$events\n"
                                "[ -e $mark ] && [ $3 = second ] && exit 2\n"
                                "echo >$mark\n"
                                "[ $3 = second ] && sleep 0.3 && exit 1\n"
                                "trap 'exit 0' TERM\n"
                                "while :; do sleep 0.02; done");
    pid_t pid = supervise(&stage, 5000);
    wait_for_events(&stage, "started second", 3);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(result_of(pid), RC_OK);
    tear_down(&stage);
}

static void roles_end_with_their_supervisor(void **state)
{
    (void)state;
    struct stage stage = set_up(steady);
    pid_t pid = supervise(&stage, 5000);
    wait_for_events(&stage, "started", 2);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(result_of(pid), -SIGKILL);
    wait_for_events(&stage, "drained", 2);
    tear_down(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_start_and_drain_in_order),
        cmocka_unit_test(a_role_that_ends_is_started_anew),
        cmocka_unit_test(exit_code_two_ends_the_whole),
        cmocka_unit_test(a_role_that_does_not_drain_is_killed),
        cmocka_unit_test(a_successor_takes_the_socket_over_once_it_is_ready),
        cmocka_unit_test(all_goes_on_when_the_renewal_fails),
        cmocka_unit_test(exit_code_two_later_is_tried_again),
        cmocka_unit_test(roles_end_with_their_supervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
