"""`manage.py load_demo`: fill an empty database with the demo company, once."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from monetization.demo import story
from monetization.foundation.models import Environment


class Command(BaseCommand):
    """Load the demo company unless something is there already."""

    help = "Load the demo company (Lumen AI) into an empty database."

    def handle(self, *args: Any, **options: Any) -> None:
        if Environment.objects.exists():
            self.stdout.write("Demo: the database has its data already; it is kept.")
            return
        story.load(now=timezone.now(), tell=lambda chapter: self.stdout.write(f"Demo: {chapter} …"))
        self.stdout.write("Demo: ready.")
