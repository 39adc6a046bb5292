"""The entrance: sign in by e-mail, sign out, and the way home (staff to the console, customers to the portal).

In demo mode the page lists the demo's people; a click fills the form with theirs. Their password is the demo's only.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from monetization.foundation.models import User
from monetization.foundation.rules.roles import MemberRole, Role

DEMO_PASSWORD = "meterstone"  # shown on the page itself, in demo mode only
WORDS = {MemberRole.CUSTOMER_ADMIN.value: "Customer admin", MemberRole.CUSTOMER_VIEWER.value: "Customer viewer"}


class SignInForm(AuthenticationForm):
    """E-mail and password; what is wrong is said without telling which of the two it was."""

    error_messages = {  # Django's own declaration
        "invalid_login": "This e-mail and password don't fit together. Check both, and that Caps Lock is off.",
        "inactive": "This account is closed. Ask an administrator.",
    }


class SignIn(LoginView):
    """The sign-in page; whoever is signed in already goes home."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_initial(self) -> dict[str, Any]:
        chosen = self.request.GET.get("as", "") if settings.DEMO else ""
        return {"username": chosen, "password": DEMO_PASSWORD} if chosen else {}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "people": demo_people() if settings.DEMO else (),
            "demo_password": DEMO_PASSWORD,
            "filled": bool(self.get_initial()),
        }


class SignOut(LogoutView):
    """Sign out (POST only) and show the sign-in page again."""

    http_method_names = ["post", "options"]


def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to where they work."""
    if not request.user.is_authenticated:
        return redirect("sign_in")
    return redirect("console:index") if request.user.is_staff else redirect("/portal/")


def demo_people() -> list[tuple[str, str, str]]:
    """List (e-mail, name, what they do) of the demo's people, staff first."""
    people = User.objects.filter(is_active=True).prefetch_related("role_grants", "memberships__customer")
    return [(p.email, p.name, _work(p)) for p in people.order_by("-is_staff", "pk")[:20]]


def _work(person: User) -> str:
    roles = [Role(grant.role).label for grant in person.role_grants.all()]
    places = [f"{WORDS[each.role]} of {each.customer}" for each in person.memberships.all()]
    return ", ".join([*roles, *places]) or "No rights"
