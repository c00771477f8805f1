#include "lib/uuid.h"

#include "lib/hex.h"

void uuid_format(const struct uuid *id, char text[static UUID_TEXT_BYTES])
{
    static const unsigned char lengths[] = {4, 2, 2, 2, 6};
    const unsigned char *from = id->b;
    char *to = text;
    for (size_t part = 0; part < sizeof lengths; part++) {
        for (size_t i = 0; i < lengths[part]; i++)
            to = hex_put(to, *from++);
        *to++ = '-';
    }
    to[-1] = '\0';
}

bool uuid_from_text(struct str text, struct uuid *id_out)
{
    if (text.p == NULL || text.n != UUID_TEXT_BYTES - 1)
        return false;
    const char *from = text.p;
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *from++ != '-')
            return false;
        if (!hex_take(from, &id_out->b[i]))
            return false;
        from += 2;
    }
    return true;
}
