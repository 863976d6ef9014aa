package neptune

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/track"
)

// session is the sign-in at a server: the API token is exchanged for an access token,
// which is renewed before it expires.
type session struct {
	token  string
	client *httpsend.Client

	mu       sync.Mutex
	access   string
	refresh  string
	expires  time.Time
	issuer   string
	clientID string
}

// authorize adds the access token, or the API token before there is one.
func (s *session) authorize(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.access == "" {
		r.Header.Set("X-Neptune-Api-Token", s.token)
		return
	}
	r.Header.Set("Authorization", "Bearer "+s.access)
}

// get sends a GET request with the API token.
func (s *session) get(ctx context.Context, path string, query url.Values, out any) error {
	s.mu.Lock()
	s.access = ""
	s.mu.Unlock()
	return s.client.JSON(ctx, http.MethodGet, path, query, nil, out)
}

// signIn exchanges the API token.
func (s *session) signIn(ctx context.Context) error {
	var got struct {
		Access  string `json:"accessToken"`
		Refresh string `json:"refreshToken"`
	}
	if err := s.get(ctx, backend+"authorization/oauth-token", nil, &got); err != nil {
		return err
	}
	return s.take(got.Access, got.Refresh)
}

// take stores tokens and reads the issuer and the expiry from the access token.
func (s *session) take(access, refresh string) error {
	var claims struct {
		Expires  float64 `json:"exp"`
		ClientID string  `json:"azp"`
		Issuer   string  `json:"iss"`
	}
	parts := strings.Split(access, ".")
	if len(parts) != 3 {
		return errors.New("neptune: the server's access token cannot be read; is it a Neptune server?")
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(data, &claims) != nil {
		return errors.New("neptune: the server's access token cannot be read; is it a Neptune server?")
	}
	s.client.Hide(access, refresh)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access, s.refresh = access, refresh
	s.issuer, s.clientID = claims.Issuer, claims.ClientID
	s.expires = time.Unix(int64(claims.Expires), 0)
	return nil
}

// early is how long before it expires an access token is renewed.
const early = 30 * time.Second

// fresh renews the access token if it is about to expire.
func (s *session) fresh(ctx context.Context) error {
	s.mu.Lock()
	old := s.access != "" && time.Until(s.expires) < early
	s.mu.Unlock()
	if !old {
		return nil
	}
	return s.renew(ctx)
}

// renew gets another access token by the refresh token, or else by the API token.
func (s *session) renew(ctx context.Context) error {
	s.mu.Lock()
	issuer, refresh, id := s.issuer, s.refresh, s.clientID
	s.mu.Unlock()
	if issuer != "" && refresh != "" && s.refreshAt(ctx, issuer, refresh, id) == nil {
		return nil
	}
	err := s.signIn(ctx)
	var status *httpsend.StatusError
	if errors.As(err, &status) && status.Status >= 400 && !track.IsRetryable(err) {
		return fmt.Errorf("%w: %w", track.ErrStop, err)
	}
	return err
}

// refreshAt requests new tokens from the issuer.
func (s *session) refreshAt(ctx context.Context, issuer, refresh, id string) error {
	c, err := httpsend.New("neptune", issuer)
	if err != nil {
		return err
	}
	defer c.Close()
	c.Secrets = append(c.Secrets, refresh)
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "refresh_token": {refresh}}
	answer, err := c.Send(ctx, httpsend.Request{
		Method: http.MethodPost, Path: "/protocol/openid-connect/token", Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	})
	if err != nil {
		return err
	}
	var got struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(answer.Body, &got); err != nil {
		return err
	}
	return s.take(got.Access, got.Refresh)
}
