/* Documents to the bus by way of the publisher: what is told durable is there, in order, whatever
 * fails in between. */
#include "connectors/publish.h"

#include "bus/deadletter.h"
#include "tests/flow/bus/fixture.h"
#include "transform/ids.h"

#define LINE_BYTES 256

static enum bus_kind kind_tested;

struct scene {
    struct fixture *fixture;
    struct connector connector;
    struct bus_producer *producer;
    struct publisher *publisher;
    struct publish_durable last; /* what was told */
    size_t told;
    size_t rejects_told;
};

static void tell(void *context, const struct publish_durable *durable)
{
    struct scene *scene = context;
    assert_true(durable->outputs >= scene->last.outputs);
    if (scene->last.has_mark)
        assert_true(durable->has_mark && durable->mark >= scene->last.mark);
    scene->last = *durable;
    scene->told++;
}

static void tell_reject(void *context, const struct reject *reject, struct str origin)
{
    assert_true(reject->offset >= 0);
    assert_true(str_is(origin, "file/desk.jsonl"));
    ((struct scene *)context)->rejects_told++;
}

static void scene_open(struct scene *scene)
{
    *scene = (struct scene){.fixture = fixture_new(kind_tested)};
    scene->connector = (struct connector){.tenant = "acme",
                                          .name = "desk",
                                          .channel = "canonical",
                                          .provider = "custom",
                                          .account = "desk"};
    scene->connector.tenant_id = ids_tenant(STR_LIT("acme"));
    scene->connector.channel_id =
        ids_channel(&scene->connector.tenant_id, STR_LIT("custom"), STR_LIT("desk"));
    OK(scene->fixture, bus_prepare(&scene->fixture->conf, &scene->fixture->error));
}

static void scene_begin(struct scene *scene, bool archive_raw)
{
    struct fixture *fixture = scene->fixture;
    OK(fixture, bus_producer_open(&fixture->conf, &scene->producer, &fixture->error));
    const struct publisher_conf conf = {.connector = &scene->connector,
                                        .connectors = &scene->connector,
                                        .connector_count = 1,
                                        .producer = scene->producer,
                                        .archive_raw = archive_raw,
                                        .durable = tell,
                                        .rejected = tell_reject,
                                        .context = scene};
    OK(fixture, publisher_new(&conf, &scene->publisher, &fixture->error));
}

static void scene_end(struct scene *scene)
{
    bus_producer_close(&scene->producer, 20000);
    publisher_free(&scene->publisher);
}

static void scene_close(struct scene *scene)
{
    scene_end(scene);
    fixture_free(scene->fixture);
}

static struct publish_document document_of(uint64_t mark)
{
    return (struct publish_document){.about = document_at(clock_now_us(), SOURCE_FILE),
                                     .origin = STR_LIT("file/desk.jsonl"),
                                     .key = STR_LIT("key"),
                                     .mark = mark};
}

static size_t department_line(char line[static LINE_BYTES], size_t number)
{
    return (size_t)snprintf(line, LINE_BYTES,
                            "{\"kind\":\"department\",\"external_id\":\"dep-%zu\",\"name\":\"D %zu"
                            "\",\"is_active\":true}\n",
                            number, number);
}

static struct str lines_of(struct buf *text, size_t first, size_t count)
{
    char line[LINE_BYTES];
    buf_init(text, 64 * MIB);
    for (size_t i = first; i < first + count; i++)
        (void)buf_add(text, line, department_line(line, i));
    return buf_peek(text);
}

/* ---- what is on the bus ---- */

static size_t number_in(struct str value)
{
    static const char mark[] = "\"external_id\":\"dep-";
    const char *at = memmem(value.p, value.n, mark, sizeof mark - 1);
    assert_non_null(at);
    return strtoul(at + sizeof mark - 1, NULL, 10);
}

/* How often each department below max is on the bus. */
static void count_departments(struct scene *scene, unsigned *seen, size_t max)
{
    struct fixture *fixture = scene->fixture;
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    for (struct bus_batch batch = next_batch(fixture, consumer, 5000); batch.count > 0;
         batch = next_batch(fixture, consumer, 500))
        for (size_t i = 0; i < batch.count; i++) {
            size_t number = number_in(batch.messages[i].message.value);
            assert_true(number < max);
            seen[number]++;
        }
    bus_consumer_close(&consumer);
}

/* The only message of a topic, copied into text. */
static size_t count_messages(struct scene *scene, enum bus_topic topic, struct buf *first_value,
                             struct buf *first_reason)
{
    size_t count = 0;
    struct fixture *fixture = scene->fixture;
    struct bus_consumer *consumer = consumer_on(fixture, topic);
    for (struct bus_batch batch = next_batch(fixture, consumer, 5000); batch.count > 0;
         batch = next_batch(fixture, consumer, 500)) {
        if (count == 0) {
            struct deadletter letter;
            deadletter_from_message(&batch.messages[0].message, &letter);
            (void)buf_add_str(first_value, batch.messages[0].message.value);
            (void)buf_add_str(first_reason, letter.reason);
        }
        count += batch.count;
    }
    bus_consumer_close(&consumer);
    return count;
}

/* ---- tests ---- */

static void marks_are_told_in_order_once_they_are_durable(void **state)
{
    enum { DOCUMENTS = 3000 };
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_begin(&scene, true);
    struct fixture *fixture = scene.fixture;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        char line[LINE_BYTES];
        const struct publish_document document = document_of(100 + i);
        OK(fixture, publish_whole(scene.publisher, &document,
                                  (struct str){line, department_line(line, i)}, &fixture->error));
    }
    OK(fixture, publish_wait(scene.publisher, 20000, &fixture->error));
    assert_true(scene.last.has_mark);
    assert_int_equal(scene.last.mark, 100 + DOCUMENTS - 1);
    assert_int_equal(scene.last.outputs, DOCUMENTS);
    assert_int_equal(scene.last.counts.documents, DOCUMENTS);
    assert_int_equal(scene.last.counts.records, DOCUMENTS);
    assert_int_equal(scene.last.counts.rejects, 0);
    assert_true(scene.told > 1);

    unsigned *seen = calloc(DOCUMENTS, sizeof *seen);
    count_departments(&scene, seen, DOCUMENTS);
    for (size_t i = 0; i < DOCUMENTS; i++)
        assert_int_equal(seen[i], 1);
    free(seen);
    struct buf value, reason;
    buf_init(&value, KIB);
    buf_init(&reason, KIB);
    assert_int_equal(count_messages(&scene, BUS_RAW, &value, &reason), DOCUMENTS);
    buf_done(&value);
    buf_done(&reason);
    scene_close(&scene);
}

static void a_document_without_records_moves_the_mark(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_begin(&scene, false);
    const struct publish_document document = document_of(7);
    OK(scene.fixture,
       publish_whole(scene.publisher, &document, STR_LIT("\n"), &scene.fixture->error));
    assert_false(publish_durable(scene.publisher).has_mark);
    OK(scene.fixture, publish_wait(scene.publisher, 20000, &scene.fixture->error));
    assert_true(scene.last.has_mark);
    assert_int_equal(scene.last.mark, 7);
    scene_close(&scene);
}

static enum rc feed_all(struct scene *scene, struct str text, size_t piece)
{
    struct err *err = &scene->fixture->error;
    const struct publish_document document = document_of(1);
    enum rc rc = publish_begin(scene->publisher, &document, err);
    for (size_t at = 0; rc == RC_OK && at < text.n; at += piece)
        rc = publish_feed(scene->publisher, text.p + at, text.n - at < piece ? text.n - at : piece,
                          err);
    return rc == RC_OK ? publish_end(scene->publisher, err) : rc;
}

/* The first process ends within the document, the second goes on behind what was durable. */
static void a_document_goes_on_where_it_was_durable(void **state)
{
    enum { LINES = 20000, FED = 12345 };
    (void)state;
    struct scene scene;
    struct buf text;
    struct str all = lines_of(&text, 0, LINES);
    scene_open(&scene);
    scene_begin(&scene, false);
    struct fixture *fixture = scene.fixture;
    const struct publish_document document = document_of(1);
    OK(fixture, publish_begin(scene.publisher, &document, &fixture->error));
    OK(fixture, publish_feed(scene.publisher, all.p, all.n / 2 + 11, &fixture->error));
    scene_end(&scene); /* what was only gathered is gone */
    scene.last = (struct publish_durable){0};
    unsigned *seen = calloc(LINES, sizeof *seen);
    count_departments(&scene, seen, LINES);
    size_t durable = 0;
    while (durable < LINES && seen[durable] == 1)
        durable++;
    assert_true(durable > 1000 && durable < LINES);
    memset(seen, 0, LINES * sizeof *seen);

    scene_begin(&scene, false);
    publish_restart_from(scene.publisher, durable);
    OK(fixture, feed_all(&scene, all, 777));
    OK(fixture, publish_wait(scene.publisher, 20000, &fixture->error));
    assert_int_equal(scene.last.outputs, LINES);
    assert_int_equal(scene.last.counts.records, LINES - durable);
    count_departments(&scene, seen, LINES);
    for (size_t i = 0; i < LINES; i++)
        assert_int_equal(seen[i], 1);
    free(seen);
    buf_done(&text);
    scene_close(&scene);
}

static void a_bad_line_is_a_dead_letter_of_its_own(void **state)
{
    (void)state;
    struct scene scene;
    struct buf text, value, reason;
    (void)lines_of(&text, 0, 3000);
    (void)buf_add_text(&text, "{\"kind\":\"department\",\"this line\": is bad}\n");
    char line[LINE_BYTES];
    (void)buf_add(&text, line, department_line(line, 3000));
    scene_open(&scene);
    scene_begin(&scene, false);
    OK(scene.fixture, feed_all(&scene, buf_peek(&text), 61));
    OK(scene.fixture, publish_wait(scene.publisher, 20000, &scene.fixture->error));
    assert_int_equal(scene.last.counts.records, 3001);
    assert_int_equal(scene.last.counts.rejects, 1);
    assert_int_equal(scene.last.counts.letters, 1);
    assert_int_equal(scene.rejects_told, 1);
    buf_init(&value, 8 * MIB);
    buf_init(&reason, KIB);
    assert_int_equal(count_messages(&scene, BUS_DEADLETTER, &value, &reason), 1);
    assert_true(str_is(buf_peek(&reason), "json_syntax"));
    assert_true(str_is(buf_peek(&value), "{\"kind\":\"department\",\"this line\": is bad}"));
    buf_done(&text);
    buf_done(&value);
    buf_done(&reason);
    scene_close(&scene);
}

/* A disk that is full fails what is on its way; what was told durable is there all the same. */
static void after_a_failure_everything_behind_the_mark_goes_again(void **state)
{
    enum { PAGES = 400, PAGE_LINES = 1000 };
    (void)state;
    if (kind_tested != BUS_EMBEDDED)
        return;
    struct scene scene;
    scene_open(&scene);
    scene.fixture->conf.max_bytes = 4 * MIB;
    scene_begin(&scene, true);
    struct fixture *fixture = scene.fixture;
    enum rc rc = RC_OK;
    size_t page = 0;
    uint64_t mixer = 1;
    char *noise = noise_new(64 * KIB);
    for (; page < PAGES && rc == RC_OK; page++) {
        const struct publish_document document = document_of(page);
        struct buf text;
        for (size_t i = 0; i < 64 * KIB; i++) { /* each page its own, or they would compress */
            mixer = mixer * UINT64_C(6364136223846793005) + 1;
            noise[i] = (char)('a' + (mixer >> 33) % 26);
        }
        (void)lines_of(&text, page * 10, 10);
        (void)buf_add_text(&text, "\n");
        (void)buf_printf(&text, "{\"kind\":\"contact\",\"x\":\"%.*s%zu\"", (int)(64 * KIB), noise,
                         page); /* a bad line, kept raw */
        rc = publish_whole(scene.publisher, &document, buf_peek(&text), &fixture->error);
        if (rc == RC_OK)
            rc = publish_flush(scene.publisher, &fixture->error);
        buf_done(&text);
    }
    if (rc == RC_OK)
        rc = publish_wait(scene.publisher, 20000, &fixture->error);
    assert_int_equal(rc, RC_RETRY);
    uint64_t mark = publish_durable(scene.publisher).mark;
    assert_true(publish_durable(scene.publisher).has_mark && mark < PAGES - 1);
    assert_int_equal(publish_flush(scene.publisher, &fixture->error), RC_RETRY); /* still */

    scene_end(&scene);
    fixture->conf.max_bytes = 0; /* the disk is mended */
    unsigned *seen = calloc((size_t)PAGES * 10, sizeof *seen);
    count_departments(&scene, seen, (size_t)PAGES * 10);
    for (size_t i = 0; i < (mark + 1) * 10; i++)
        assert_true(seen[i] >= 1);
    free(seen);
    free(noise);
    scene_close(&scene);
}

/* The same publisher goes on. */
static void a_publisher_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_begin(&scene, false);
    struct fixture *fixture = scene.fixture;
    char line[LINE_BYTES];
    struct publish_document document = document_of(1);
    OK(fixture, publish_whole(scene.publisher, &document,
                              (struct str){line, department_line(line, 0)}, &fixture->error));
    OK(fixture, publish_wait(scene.publisher, 20000, &fixture->error));
    document = document_of(2); /* is given up in its middle */
    OK(fixture, publish_begin(scene.publisher, &document, &fixture->error));
    OK(fixture, publish_feed(scene.publisher, "{\"kind\":", 8, &fixture->error));
    publish_restart_after_mark(scene.publisher);
    document = document_of(2);
    OK(fixture, publish_whole(scene.publisher, &document,
                              (struct str){line, department_line(line, 1)}, &fixture->error));
    OK(fixture, publish_wait(scene.publisher, 20000, &fixture->error));
    assert_int_equal(scene.last.mark, 2);
    assert_int_equal(scene.last.counts.records, 2);
    assert_int_equal(scene.last.counts.documents, 2);
    assert_int_equal(scene.last.counts.rejects, 0);
    scene_close(&scene);
}

/* One record among others that the brokers would not take: the others arrive. */
static void a_record_too_large_for_kafka_is_a_dead_letter(void **state)
{
    enum { LINES = 500, LARGE = 250 };
    static const struct bus_property small[] = {{"message.max.bytes", "50000"}};
    (void)state;
    struct scene scene;
    struct buf text;
    scene_open(&scene);
    scene.fixture->conf.properties = small;
    scene.fixture->conf.property_count = 1;
    scene_begin(&scene, false);
    struct fixture *fixture = scene.fixture;
    buf_init(&text, MIB);
    for (size_t i = 0; i < LINES; i++) {
        char line[LINE_BYTES];
        if (i == LARGE)
            (void)buf_printf(&text,
                             "{\"kind\":\"department\",\"external_id\":\"dep-%zu\","
                             "\"name\":\"%060000d\",\"is_active\":true}\n",
                             i, 1);
        else
            (void)buf_add(&text, line, department_line(line, i));
    }
    enum rc rc = RC_RETRY;
    size_t tries = 0;
    for (; rc == RC_RETRY && tries < 5; tries++) {
        if (tries > 0)
            publish_restart_from(scene.publisher, publish_durable(scene.publisher).outputs);
        rc = feed_all(&scene, buf_peek(&text), 64 * KIB);
        if (rc == RC_OK)
            rc = publish_wait(scene.publisher, 30000, &fixture->error);
    }
    OK(fixture, rc);
    assert_true(tries > 1);
    assert_int_equal(scene.last.outputs, LINES);
    assert_int_equal(scene.last.counts.records, LINES - 1);
    assert_int_equal(scene.last.counts.rejects, 1);
    unsigned seen[LINES] = {0};
    count_departments(&scene, seen, LINES);
    for (size_t i = 0; i < LINES; i++)
        assert_int_equal(seen[i] > 0, i != LARGE);
    buf_done(&text);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_are_told_in_order_once_they_are_durable),
        cmocka_unit_test(a_document_without_records_moves_the_mark),
        cmocka_unit_test(a_document_goes_on_where_it_was_durable),
        cmocka_unit_test(a_bad_line_is_a_dead_letter_of_its_own),
        cmocka_unit_test(after_a_failure_everything_behind_the_mark_goes_again),
        cmocka_unit_test(a_publisher_goes_on_after_a_restart),
    };
    const struct CMUnitTest kafka_tests[] = {
        cmocka_unit_test(marks_are_told_in_order_once_they_are_durable),
        cmocka_unit_test(a_document_goes_on_where_it_was_durable),
        cmocka_unit_test(a_bad_line_is_a_dead_letter_of_its_own),
        cmocka_unit_test(a_record_too_large_for_kafka_is_a_dead_letter),
    };
    kind_tested = BUS_EMBEDDED;
    int failed = cmocka_run_group_tests_name("publishing to the embedded bus", tests, NULL, NULL);
    if (kafka_wanted()) {
        kind_tested = BUS_KAFKA;
        failed += cmocka_run_group_tests_name("publishing to kafka", kafka_tests, NULL, NULL);
    }
    return failed;
}
