// A program for OpenStack as others write it with gophercloud, on which Terraform's provider is
// built. Each of its words is a scene, which ends with 1 at the first surprise, and prints a line
// "what: found" for whatever the test looks at.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/pagination"
	"github.com/gophercloud/utils/openstack/clientconfig"
)

var scenes = map[string]func(){
	"log-in":    logIn,
	"images":    makeImages,
	"flavors":   flavorsAndKeys,
	"boot":      boot,
	"look":      look,
	"change":    change,
	"act":       act,
	"move":      move,
	"resize":    resize,
	"operators": operators,
	"refusals":  refusals,
	"take-away": takeAway,
}

func main() {
	scene, there := scenes[os.Args[1]]
	if !there {
		stop("no scene " + os.Args[1])
	}
	scene()
}

// The service of clouds.yaml, as OS_CLOUD and OS_CLIENT_CONFIG_FILE say.
func service(name string) *gophercloud.ServiceClient {
	return got(clientconfig.NewServiceClient(name, &clientconfig.ClientOpts{Cloud: os.Getenv("OS_CLOUD")}))
}

// At the oldest version, as a program that names none.
func compute() *gophercloud.ServiceClient { return service("compute") }

func at(client *gophercloud.ServiceClient, version string) *gophercloud.ServiceClient {
	other := *client
	other.Microversion = version
	return &other
}

func say(what string, found interface{}) {
	fmt.Printf("%s: %s\n", what, strings.Join(strings.Fields(fmt.Sprint(found)), " "))
}

func sayAll(what string, found []string) {
	sort.Strings(found)
	say(what, strings.Join(found, " "))
}

func stop(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}

func must(err error) { orStop(err, 2) }

func got[T any](value T, err error) T {
	orStop(err, 2)
	return value
}

func pages(pager pagination.Pager) pagination.Page {
	page, err := pager.AllPages()
	orStop(err, 2)
	return page
}

func orStop(err error, callers int) {
	if err != nil {
		_, file, line, _ := runtime.Caller(callers)
		stop(fmt.Sprintf("%s:%d: %T: %v", file, line, err, err))
	}
}

// What the type of the error says, and what the service wrote.
func sayRefusal(what string, err error) {
	refused, is := err.(gophercloud.StatusCodeError)
	if !is {
		stop(fmt.Sprintf("%s: %T: %v", what, err, err))
	}
	say(what, fmt.Sprintf("%T %s", refused, refused.Error()))
}

func await(what string, holds func() bool) {
	err := gophercloud.WaitFor(120, func() (bool, error) { return holds(), nil })
	if err != nil {
		stop(what + ": " + err.Error())
	}
}
