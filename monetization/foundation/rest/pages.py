"""Pages of a list, newest first: a cursor neither skips nor repeats rows when others are added meanwhile."""

from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    """`?limit=` up to 200; `next` and `previous` are addresses or null."""

    ordering = "-pk"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
