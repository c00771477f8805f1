#include "transform/reject_line.h"

#include <inttypes.h>
#include <stdio.h>

struct str reject_line(struct json_writer *writer, const struct reject *reject)
{
    char offset[24];
    (void)snprintf(offset, sizeof offset, "%" PRId64, reject->offset);
    json_writer_reset(writer);
    json_writer_open(writer, false);
    json_member_text(writer, "reject", str_of(reject_code_name(reject->code)));
    json_member_text(writer, "path", reject->path);
    json_member_number(writer, "offset", str_of(offset));
    json_member_text(writer, "detail", reject->detail);
    json_writer_close(writer, false);
    return json_writer_peek(writer);
}
