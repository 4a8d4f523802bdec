#define _GNU_SOURCE /* readlink */
#include "tracker/preload/mapped_file.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* "/proc/self/fd/" and the number. */
static void write_link(int file, char link[32])
{
    const char folder[] = "/proc/self/fd/";
    char digits[12];
    unsigned count = 0, length = 0;
    for (; folder[length]; length++)
        link[length] = folder[length];
    do
        digits[count++] = (char)('0' + file % 10);
    while (file /= 10);
    while (count)
        link[length++] = digits[--count];
    link[length] = 0;
}

bool mapped_file_name(int file, char name[FILE_NAME])
{
    struct stat about;
    char link[32];
    if (file < 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    write_link(file, link);
    ssize_t length = readlink(link, name, FILE_NAME - 1);
    name[length < 0 ? 0 : length] = 0;
    return true;
}
