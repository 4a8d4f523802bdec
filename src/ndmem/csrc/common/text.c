#include "common/text.h"

#include <string.h>

static size_t spell_surrogate(Py_UCS4 c, char out[8])
{
    out[0] = '\\', out[1] = 'u';
    for (int i = 0; i < 4; i++)
        out[2 + i] = "0123456789abcdef"[c >> (12 - 4 * i) & 0xF];
    return 6;
}

static size_t encode(Py_UCS4 c, char out[8])
{
    if (c >= 0xDC80 && c <= 0xDCFF) { /* a byte of a file name that is not UTF-8 */
        out[0] = (char)(c & 0xFF);
        return 1;
    }
    if (c >= 0xD800 && c <= 0xDFFF)
        return spell_surrogate(c, out);
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t text_utf8_part(PyObject *text, char *room, size_t most)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    size_t nbytes = 0;
    for (Py_ssize_t i = 0; i < length; i++) {
        char bytes[8];
        size_t count = encode(PyUnicode_READ(kind, data, i), bytes);
        if (count > most - nbytes)
            break;
        if (room)
            memcpy(room + nbytes, bytes, count);
        nbytes += count;
    }
    return nbytes;
}

size_t text_utf8(PyObject *text, char *room) { return text_utf8_part(text, room, SIZE_MAX); }

size_t text_number(long long number, char room[20])
{
    char digits[20];
    size_t count = 0, nbytes = 0;
    unsigned long long rest = number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number;
    do
        digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        room[nbytes++] = '-';
    while (count)
        room[nbytes++] = digits[--count];
    return nbytes;
}
